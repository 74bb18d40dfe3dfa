// Package config reads jobs.toml and either returns a complete, checked
// configuration or every reason why there is none. It starts nothing and
// touches no network; the files it reads are the configuration itself and those
// named by ${file:…}.
//
// # How a file becomes a Config
//
//	bytes ─► positions of every key (document.go) ─► values (go-toml)
//	      ─► interpolation of string values (expand.go)
//	      ─► strict decoding into tagged structs (decode.go), the adapters' among them
//	      ─► checks of what belongs together (source.go, job.go, …)
//
// Every step reports into one [report] and goes on; a later step stays silent
// about keys that an earlier one already reported. At the end the problems are
// sorted into the order of the file and returned as one error of class
// fault.Config; [Errors] lists them.
//
// # Interpolation
//
// It works on decoded string values, never on the text of the file, so a quote
// in a secret cannot change the file's meaning:
//
//	${NAME}           the environment variable; unset is an error
//	${NAME:-default}  the default when the variable is unset or empty
//	${file:/path}     the file's content without one trailing line break;
//	                  relative paths start at the configuration's folder
//	$$                a literal $; a $ before any other character is itself
//
// What was inserted is not looked at again. Keys are never interpolated, and
// only strings are: integers and booleans are written in the file.
//
// # Secrets
//
// The text of an issue shows neither the value of a settings.Secret (it prints
// as REDACTED) nor anything that came from the environment or a file (it prints
// as the reference it was written as), even where an adapter quotes it.
package config
