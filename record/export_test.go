package record

// AppendJSON is what JSON cells become.
var AppendJSON = appendJSON
