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
)

func (p *program) loginCommand() *cobra.Command {
	var code string
	cmd := &cobra.Command{
		Use:   "login SOURCE",
		Short: "Connect a source whose vendor asks a person",
		Long: `auth login prints the address of the vendor's login page. Open it in a browser, allow the
access, and paste the code you are shown, or the whole address the browser ends at. The
tokens it is exchanged for are stored encrypted in the state and renewed from then on.

A code works once and for a few minutes. While a serve works on the state, stop it first.
A run that begins while you are at the login page is waited for.`,
		Example: `  exporter auth login hurra
  exporter auth login hurra --code 1f2e3d
  exporter auth login hurra < pasted.txt`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.offer(sourceNames, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.login(cmd.Context(), args[0], code, cmd.Flags().Changed("code"))
		},
	}
	cmd.Flags().StringVar(&code, "code", "", "the `code`, or the address with it, instead of asking")
	return cmd
}

// loginObject is where a person has to go, and then that the source is connected.
type loginObject struct {
	Type      string `json:"type"` // login
	Source    string `json:"source"`
	Driver    string `json:"driver"`
	URL       string `json:"url,omitempty"`
	Connected bool   `json:"connected"`
}

func (p *program) login(ctx context.Context, name, code string, given bool) (err error) {
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
	err = s.engine.Login(ctx, source, state, func(address string) (string, error) {
		if given {
			return pasted(code, "")
		}
		if o.URL = address; p.out.json {
			p.out.object(o)
		} else {
			p.out.text("%s\n", address)
		}
		p.out.note("Open this address, allow the access, then paste the code or the whole address the browser ends at:")
		line, err := lineOf(ctx, bufio.NewReader(p.Stdin))
		if errors.Is(err, io.EOF) {
			return "", fault.New(fault.Config, "nothing was pasted").WithHint("Where nobody can type, pass the code with --code.")
		}
		if err != nil {
			return "", err
		}
		return pasted(line, state)
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

// lineOf reads a line until ctx ends. A reader that waits then is left behind:
// reads of a terminal cannot be stopped.
func lineOf(ctx context.Context, in *bufio.Reader) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		line, err := in.ReadString('\n')
		if line != "" {
			err = nil
		}
		read <- result{strings.TrimSpace(line), err}
	}()
	select {
	case r := <-read:
		return r.line, r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
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
