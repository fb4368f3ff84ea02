package main

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
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
	for _, layout := range momentLayouts {
		if at, err := time.ParseInLocation(layout, value, time.Local); err == nil {
			*f = momentFlag{at: at}
			return nil
		}
	}
	ago, is := parseAgo(value)
	if !is {
		return fmt.Errorf("%q: give a duration above 0, such as 90m, 24h, 1d12h or 2w, or a time, such as '2026-11-20 14:00' or 2026-11-20T14:00:00Z", value)
	}
	*f = momentFlag{ago: ago}
	return nil
}

// weeksAndDays are the units that people give before those that package time
// knows.
var weeksAndDays = regexp.MustCompile(`(?s)^(?:([0-9.]+)w)?(?:([0-9.]+)d)?(.*)$`)

// parseAgo reads a duration above 0 as package time does, with weeks and days.
func parseAgo(value string) (ago time.Duration, is bool) {
	parts := weeksAndDays.FindStringSubmatch(value)
	total := 0.0
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour} {
		if parts[i+1] == "" {
			continue
		}
		count, err := strconv.ParseFloat(parts[i+1], 64)
		if err != nil {
			return 0, false
		}
		total += count * float64(unit)
	}
	if rest := parts[3]; rest != "" {
		duration, err := time.ParseDuration(rest)
		if err != nil || duration < 0 {
			return 0, false
		}
		total += float64(duration)
	}
	return time.Duration(total), total >= 1 && total < math.MaxInt64
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
