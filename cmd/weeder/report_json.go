package main

import (
	"fmt"
	"time"

	"weeder/reaper"
	"weeder/status/report"
)

func (a *app) printJSON(value any) error {
	text, err := report.Encode(value)
	if err != nil {
		return err
	}
	if _, err := a.stdout.Write(text); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// What the package report says shortly: its name is that of most variables here.

func known(text string) *string { return report.Known(text) }

func orEmpty[T any](list []T) []T { return report.OrEmpty(list) }

func seconds(d time.Duration) *float64 { return report.Seconds(d) }

func timestamp(t time.Time) *string { return report.Timestamp(t) }

func age(container reaper.Container, now time.Time) (time.Duration, bool) {
	return report.Age(container, now)
}

func eligible(pass reaper.Report) int { return report.Eligible(pass) }
