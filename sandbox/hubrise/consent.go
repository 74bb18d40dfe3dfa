package hubrise

import (
	"html/template"
	"net/http"
	"net/url"
)

var consentPage = template.Must(template.New("consent").Parse(`<!DOCTYPE html>
<title>Connect</title>
<h1>Allow {{.Client}} to connect?</h1>
<p>It asks for {{.Scope}}.</p>
<form>
{{range $name, $values := .Query}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end}}{{range .Picks}}<p><label>{{.Label}} <select name="{{.Name}}">{{range .Options}}
<option value="{{.ID}}"{{if .Picked}} selected{{end}}>{{.Name}}</option>{{end}}
</select></label></p>
{{end}}<button name="allow" value="1">allow</button> <button name="deny" value="1">deny</button>
</form>
`))

// codePage is shown to the person, who copies the code into the app.
var codePage = template.Must(template.New("code").Parse(`<!DOCTYPE html>
<title>Connect</title>
{{if .Code}}<p>Copy this code into the app:</p>
<p><code>{{.Code}}</code></p>
{{else}}<p>{{.Error}}</p>
{{end}}`))

// pick is one thing the person selects.
type pick struct {
	Label, Name string
	Options     []pickable
}

type pickable struct {
	ID, Name string
	Picked   bool
}

// askPerson shows the page on which a person selects what the scope needs. The
// lists and catalogs are those of the account the page was opened for.
func askPerson(w http.ResponseWriter, world *world, q url.Values, picked Token) {
	s, _ := parseScope(picked.Scope) // it was understood before
	a := world.account(picked.Account)
	level := pick{Label: "Location", Name: "location"}
	if s.account {
		level = pick{Label: "Account", Name: "account"}
		for _, one := range world.accounts {
			level.Options = append(level.Options, pickable{one.ID, one.Name, one == a})
		}
	} else {
		for _, one := range world.locations {
			level.Options = append(level.Options, pickable{one.ID, one.account.Name + ", " + one.Name, one.ID == picked.Location})
		}
	}
	picks := []pick{level}
	if s.can("catalog") {
		p := pick{Label: "Catalog", Name: "catalog"}
		for _, one := range a.catalogs {
			p.Options = append(p.Options, pickable{one.ID, one.Name, one.ID == picked.Catalog})
		}
		picks = append(picks, p)
	}
	if s.can("customer_list") {
		p := pick{Label: "Customer list", Name: "customer_list"}
		for _, one := range a.lists {
			p.Options = append(p.Options, pickable{one.ID, one.Name, one.ID == picked.CustomerList})
		}
		picks = append(picks, p)
	}
	for _, p := range picks {
		q.Del(p.Name)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = consentPage.Execute(w, map[string]any{ // the caller may be gone
		"Client": picked.Client, "Scope": picked.Scope, "Query": q, "Picks": picks,
	})
}

// showCode is the end of the out-of-band flow.
func showCode(w http.ResponseWriter, back url.Values, o OAuth) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	told := back.Get("error")
	if o.DenyOOB == DenySilent {
		told = ""
	}
	_ = codePage.Execute(w, map[string]string{"Code": back.Get("code"), "Error": told}) // the caller may be gone
}
