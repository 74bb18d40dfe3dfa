package owapro

import (
	"fmt"
	"io"
	"net/http"
)

// flushAt is how many bytes of a document are collected before they are written.
const flushAt = 32 << 10

// sendBlocks answers in JSON.
func (c *call) sendBlocks(blocks []*block) {
	c.Body(http.StatusOK, "application/json", func(w io.Writer) error {
		head := appendJSON([]byte(`{"status":1,"meta_data":`), c.metaData())
		if _, err := w.Write(append(head, `,"data":[`...)); err != nil {
			return err
		}
		for i, b := range blocks {
			if i > 0 {
				if _, err := w.Write([]byte{','}); err != nil {
					return err
				}
			}
			if err := c.sendBlock(w, b); err != nil {
				return err
			}
		}
		_, err := w.Write([]byte(`],"message":{"info":{},"error":{}}}`))
		return err
	})
}

// sendBlock writes a block: rows before metadata or after it, as the vendor does both.
func (c *call) sendBlock(w io.Writer, b *block) error {
	head := appendJSON([]byte(`{"status":`), c.status(b))
	head = appendJSON(append(head, `,"data_blockid":`...), b.id)
	if b.result == nil {
		_, err := w.Write(append(head, `,"metadata":{},"data":[]}`...))
		return err
	}
	meta := appendJSON([]byte(`,"metadata":`), c.metadata(b))
	if b.first {
		head = append(head, meta...)
		meta = nil
	}
	if _, err := w.Write(append(head, `,"data":[`...)); err != nil {
		return err
	}
	if err := c.sendRows(w, b); err != nil {
		return err
	}
	_, err := w.Write(append(append([]byte{']'}, meta...), '}'))
	return err
}

func (c *call) sendRows(w io.Writer, b *block) error {
	rows := newJSONRows(b.result, c.st.cfg.Answers)
	buf := make([]byte, 0, flushAt+4096)
	for i, row := range b.page {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = rows.append(buf, row)
		if len(buf) >= flushAt {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	if c.st.cfg.Answers.Summary.due(b) {
		if len(b.page) > 0 {
			buf = append(buf, ',')
		}
		buf = rows.summary(buf)
	}
	_, err := w.Write(buf)
	return err
}

// due reports whether a page ends with a row of sums.
func (s Summary) due(b *block) bool {
	switch s {
	case SummaryEvery:
		return true
	case SummaryLast:
		return b.result.page >= b.pages
	default:
		return false
	}
}

// status is short where pages are told and long where they are not, as in the published answer.
func (c *call) status(b *block) map[string]any {
	if b.code != 0 {
		return map[string]any{"code": b.code, "msg": b.msg, "items": 0, "source": "db"}
	}
	var told bool
	switch c.st.cfg.Answers.Pages {
	case PagesAlways:
		told = true
	case PagesNever:
	case PagesFirst:
		told = !b.first
	default:
		told = b.PageLimit != nil
	}
	if told {
		return map[string]any{"code": 0, "items": len(b.page), "pages": b.pages}
	}
	source := "cache"
	if b.fresh {
		source = "db"
	}
	return map[string]any{
		"code": 0, "items": len(b.page), "msg": "OK", "source": source, "mem": 205, "elapsed_time": "0.149983",
		"worker": fmt.Sprintf("owa-sandbox-cron%d PID:371 %s", c.s.requests.Load()%9, c.st.cfg.Data.now().Format("2006-01-02 15:04:05")),
	}
}
