package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"exporter/fault"
	"exporter/jobs"
)

func (p *program) loginCommand() *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:   "login SOURCE",
		Short: "Connect a source whose vendor asks a person",
		Long: `auth login prints the address of the vendor's login page. Open it in a browser and allow the
access. Where the vendor can, it sends the browser back to this machine, and that is all. Else,
or where the browser is on another machine, paste the code you are shown, or the whole address
the browser ends at; with --oob such a vendor shows the code. The tokens it is exchanged for are
stored encrypted in the state and renewed from then on.

A code works once and for a few minutes. While a serve works on the state, stop it first.
A run that begins while you are at the login page is waited for.`,
		Example: `  exporter auth login hurra
  exporter auth login hurra --code 1f2e3d
  exporter auth login hurra < pasted.txt
  exporter auth login shop --oob`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.offer(sourceNames, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.given = cmd.Flags().Changed("code")
			return p.login(cmd.Context(), args[0], f)
		},
	}
	cmd.Flags().StringVar(&f.code, "code", "", "the `code`, or the address with it, instead of asking")
	cmd.Flags().BoolVar(&f.oob, "oob", false, "the browser is on another machine: have the code shown, and paste it")
	return cmd
}

type loginFlags struct {
	code  string
	given bool // code was
	oob   bool
}

// loginObject is where a person has to go, and then that the source is connected.
type loginObject struct {
	Type      string `json:"type"` // login
	Source    string `json:"source"`
	Driver    string `json:"driver"`
	URL       string `json:"url,omitempty"`
	Connected bool   `json:"connected"`
}

func (p *program) login(ctx context.Context, name string, f loginFlags) (err error) {
	s, err := p.ask(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	source, err := sourceNamed(s.cfg, name)
	if err != nil {
		return err
	}
	o := loginObject{Type: "login", Source: source.Name, Driver: source.Driver.Name}
	state := rand.Text()
	var back *callback
	redirect := ""
	if !f.given && !f.oob {
		if back, err = listenForBrowser(ctx, state); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, back.close()) }()
		redirect = back.address
	}
	err = s.engine.Login(ctx, source, state, redirect, func(c jobs.Consent) (string, error) {
		if f.given {
			return pasted(f.code, "")
		}
		if o.URL = c.URL; p.out.json {
			p.out.object(o)
		} else {
			p.out.text("%s\n", c.URL)
		}
		if !c.Returns {
			p.out.note("Open this address, allow the access, then paste the code or the whole address the browser ends at:")
			return p.codeOf(ctx, state, nil)
		}
		p.out.note("Open this address and allow the access; the browser comes back here. If it is on another machine, paste the whole address it ends at:")
		return p.codeOf(ctx, state, back)
	})
	if err != nil {
		return err
	}
	if o.URL, o.Connected = "", true; p.out.json {
		p.out.object(o)
		return nil
	}
	p.out.text("source %s (%s): connected\n", source.Name, source.Driver.Name)
	return nil
}

// codeOf waits for what a person pastes, or for their browser if it comes back.
func (p *program) codeOf(ctx context.Context, state string, back *callback) (string, error) {
	var came <-chan result
	if back != nil {
		came = back.came
		limited, cancel := context.WithTimeoutCause(ctx, browserPatience, fault.New(fault.Auth, "no browser came back within %s", browserPatience).
			WithHint("Start again. Where the browser is on another machine, add --oob."))
		defer cancel()
		ctx = limited
	}
	line := nextLine(bufio.NewReader(p.Stdin))
	for {
		select {
		case r := <-came:
			return r.line, r.err
		case r := <-line:
			switch {
			case errors.Is(r.err, io.EOF) && back != nil: // nobody can type, but somebody may click
				line = nil
			case errors.Is(r.err, io.EOF):
				return "", fault.New(fault.Config, "nothing was pasted").WithHint("Where nobody can type, pass the code with --code.")
			case r.err != nil:
				return "", r.err
			default:
				return pasted(r.line, state)
			}
		case <-ctx.Done():
			return "", unanswered(ctx)
		}
	}
}

// result is a line that was read, or a code that came.
type result struct {
	line string
	err  error
}

// lineOf reads a line until ctx ends.
func lineOf(ctx context.Context, in *bufio.Reader) (string, error) {
	select {
	case r := <-nextLine(in):
		return r.line, r.err
	case <-ctx.Done():
		return "", unanswered(ctx)
	}
}

// unanswered is why a question got no answer. Of a signal the hint is another than of one
// that stops a run: nothing was read, and nothing was begun.
func unanswered(ctx context.Context) error {
	err := context.Cause(ctx)
	if fault.ClassOf(err) != fault.Interrupted {
		return err
	}
	return fault.New(fault.Interrupted, "%w", err).WithHint("Nothing was done. To do it, start again.")
}

// nextLine reads a line. A reader that waits when nobody cares any more is left
// behind: reads of a terminal cannot be stopped.
func nextLine(in *bufio.Reader) <-chan result {
	read := make(chan result, 1)
	go func() {
		line, err := in.ReadString('\n')
		if line != "" {
			err = nil
		}
		read <- result{strings.TrimSpace(line), err}
	}()
	return read
}

// pasted returns the code in what a person pasted: the code, or an address with
// it, which must carry state unless that is "".
func pasted(text, state string) (code string, err error) {
	text = strings.TrimSpace(text)
	_, query, address := strings.Cut(text, "?")
	if !address {
		return text, nil
	}
	query, _, _ = strings.Cut(query, "#")
	q, err := url.ParseQuery(query)
	if err != nil {
		return "", fault.New(fault.Auth, "what was pasted is not an address").WithHint("Paste the whole address, or only what stands behind code=.")
	}
	switch {
	case q.Get("error") != "":
		return "", fault.New(fault.Auth, "the vendor gave no code: %s", oneLine(strings.TrimSpace(q.Get("error")+" "+q.Get("error_description")))).
			WithHint("Start again, and allow the access.")
	case q.Get("code") == "":
		return "", fault.New(fault.Auth, "the pasted address has no code").WithHint("Paste the address the browser ends at after you allowed the access.")
	case state != "" && q.Get("state") != state:
		return "", fault.New(fault.Auth, "the pasted address belongs to another login").WithHint("Start again, and paste what the address printed last leads to.")
	}
	return q.Get("code"), nil
}
