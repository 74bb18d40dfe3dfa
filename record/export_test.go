package record

// AppendJSON is what JSON cells become.
var AppendJSON = appendJSON

// Room is how much memory a builder keeps for texts.
func Room(b *Builder) int { return cap(b.batch.arena) + cap(b.rejects.arena) + cap(b.mask) }
