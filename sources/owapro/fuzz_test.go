package owapro_test

import (
	"errors"
	"testing"

	"exporter/fault"
	"exporter/sources/owapro"
)

const csvHead = "date;acc_channel;customer_trackgroup;sale_count;sale_amount;ctr\r\n"

// Whatever comes, every line is a row, a reject or the summary, or there is an error.
func FuzzCSV(f *testing.F) {
	for _, body := range []string{
		csvHead + "2026-03-05;Ads;SEO;5;1,5 €;12,5 %\r\nTotal;;;5;1,5;1\r\n",
		csvHead + "05.03.2026;\"A\"\"d\ns\";1;1.234;1.234,50;n/a\r\n",
		"\ufeffdate,acc_channel,customer_trackgroupid,customer_trackgroup,sale_count,sale_amount,ctr\n2026-03-05,S\xfcd,2,x,1,2,3\n",
		"Date\tAcc Channel\tCustomer Trackgroup\tSale Count\tSale Amount\tCTR\n2026-03-05\ta\tSEO\t1\t2\t3\n", "", "\n\n", ";;;\n",
		csvHead + "2026-03-05;Ads;SEO;5;1µµµµµµµµµµµµµµµµµµ3µµ.234,50;1\r\n",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, rejects, lines, err := owapro.ReadCSV(body)
		if got := int64(rows + rejects); err == nil && got != lines && got != lines-1 {
			t.Fatalf("%d rows and %d rejects of %d lines", rows, rejects, lines)
		}
	})
}

// Whatever comes, what is not a good answer is an error with a class.
func FuzzJSON(f *testing.F) {
	for _, body := range []string{
		`{"status":1,"data":[{"status":{"code":0,"items":1},"data_blockid":"1","data":[{"date":"2026-03-05","customer_trackgroupid":1,"sale_count":"5"}],"metadata":{"dimension":{"customer_trackgroup":{"dict":{"1":"SEO"}}},"metric":[]}}]}`,
		`{"status":0,"data":[],"message":{"error":{"1":"no"}}}`, `{"status":1,"data":[{"metadata":{"metric":{"ctr":{"sum":"1","cnt":"x"}}},"data":[{"ctr":[1,"a",null]},[]]}]}`, `[]`, ``,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := owapro.ReadJSON(body); err != nil {
			var classified *fault.Error
			if !errors.As(err, &classified) {
				t.Fatalf("%q: error without a class: %v", body, err)
			}
		}
	})
}
