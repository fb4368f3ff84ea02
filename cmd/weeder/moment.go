package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// momentFlag is a time: one of the calendar, or how long ago. Its zero value is
// now.
type momentFlag struct {
	// at is one of the calendar. Zero: it is ago that counts.
	at  time.Time
	ago time.Duration
}

// momentLayouts are how a time may be given, by the clock of this machine where
// it does not say which.
var momentLayouts = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04",
	"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02",
}

// UnmarshalFlag implements flags.Unmarshaler.
func (f *momentFlag) UnmarshalFlag(value string) error {
	if value == "" {
		*f = momentFlag{}
		return nil
	}
	for _, layout := range momentLayouts {
		if at, err := time.ParseInLocation(layout, value, time.Local); err == nil {
			*f = momentFlag{at: at}
			return nil
		}
	}
	ago, err := time.ParseDuration(value)
	if days, inDays := strings.CutSuffix(value, "d"); inDays {
		var count float64
		count, err = strconv.ParseFloat(days, 64)
		ago = time.Duration(count * float64(24*time.Hour))
	}
	if err != nil || ago <= 0 {
		return fmt.Errorf("%q: give a duration above 0, such as 90m, 24h or 7d, or a time, such as '2026-11-20 14:00' or 2026-11-20T14:00:00Z", value)
	}
	*f = momentFlag{ago: ago}
	return nil
}

// from is the time itself.
func (f momentFlag) from(now time.Time) time.Time {
	if !f.at.IsZero() {
		return f.at
	}
	return now.Add(-f.ago)
}

// said names the time where one was given.
func (f momentFlag) said(text string) string {
	if f == (momentFlag{}) {
		return ""
	}
	return " until " + text
}
