package jsonbody

import "io"

// Bounded is New with another bound of a value.
func Bounded(body io.Reader, most int64) *Decoder { return newDecoder(body, "", most) }
