package main

import (
	"encoding/json"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"exporter/sandbox/hubrise"
	"exporter/sandbox/piwikpro"
)

// Two vendors whose data end today, as the scripts see it.
func piwikStage() piwikpro.Config {
	return piwikpro.Config{Data: piwikpro.Data{FirstDay: "2026-11-10", Now: today.Format(time.RFC3339)}}
}

func hubStage() hubrise.Config {
	return hubrise.Config{Data: hubrise.Data{FirstDay: "2026-11-10", Now: today.Format(time.RFC3339)}}
}

// piwikpro JSON merges into the configuration of Piwik PRO; revoke_tokens ends the tokens it gave out.
func changingPiwik(ts *testscript.TestScript, args []string) error {
	room := stageOf(ts).vendor.PiwikPRO()
	if args[0] == "revoke_tokens" {
		room.RevokeTokens()
		return nil
	}
	return room.Update([]byte(args[0]))
}

// hubrise JSON merges into the configuration of HubRise.
func changingHub(ts *testscript.TestScript, args []string) error {
	return stageOf(ts).vendor.HubRise().Update([]byte(args[0]))
}

// grant FILE TOKEN writes the code that a person's consent to TOKEN leads to at HubRise.
func granting(ts *testscript.TestScript, args []string) error {
	var t hubrise.Token
	if err := json.Unmarshal([]byte(args[1]), &t); err != nil {
		return err
	}
	code, err := stageOf(ts).vendor.HubRise().Code(t)
	if err != nil {
		return err
	}
	return os.WriteFile(ts.MkAbs(args[0]), []byte(code+"\n"), 0o600)
}

// health TOKEN HEALTH makes HubRise refuse a token, or take it again.
func ailing(ts *testscript.TestScript, args []string) error {
	return stageOf(ts).vendor.HubRise().SetHealth(strings.TrimSpace(args[0]), hubrise.Health(args[1]))
}
