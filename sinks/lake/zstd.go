package lake

import (
	"sync"

	"github.com/klauspost/compress/zstd"
	pages "github.com/parquet-go/parquet-go/compress/zstd"
)

// What a match may look back over. A page of Parquet is longer than pageWindow only if
// its cells are; an encoder holds twice its window, eight megabytes if left to itself. A
// longer window made files of text no smaller at this level.
const (
	pageWindow = 512 << 10
	textWindow = 1 << 20
)

// fastest is zstd as fast as it can be: the default level was a fifth slower for files
// of the same size. A frame has no checksum of its own where the file has them.
func fastest(window int, more ...zstd.EOption) []zstd.EOption {
	return append([]zstd.EOption{zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window)}, more...)
}

// pageCodec compresses pages of Parquet. All loads of the process share as many
// encoders as there are processors.
type pageCodec struct {
	pages.Codec // decodes
	once        sync.Once
	encoder     *zstd.Encoder
}

// Encode implements compress.Codec.
func (c *pageCodec) Encode(dst, src []byte) ([]byte, error) {
	c.once.Do(func() {
		var err error
		c.encoder, err = zstd.NewWriter(nil, fastest(pageWindow, zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))...)
		if err != nil {
			panic("lake: options of zstd: " + err.Error())
		}
	})
	return c.encoder.EncodeAll(src, dst[:0]), nil
}
