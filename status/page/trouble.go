package page

import (
	"cmp"
	"fmt"

	"weeder/reaper"
	"weeder/status/trend"
)

// trouble is something that whoever looks at the page has to know first.
type trouble struct {
	// Wrong tells that somebody should do something about it.
	Wrong bool
	// What says it in a sentence or two.
	What string
	// Name and Detail are what the logs say of it. Empty: nothing.
	Name, Detail string
}

// sentence says what an interlock means to who has never heard of it.
type sentence struct {
	text string
	// passes tells that it ends of itself.
	passes bool
}

var sentences = map[reaper.InterlockName]sentence{
	reaper.GardenUnreachable: {
		text: "Garden does not answer, so nobody can tell which containers there are.",
	},
	reaper.VolumesDirUnusable: {
		text: "The directory with baggageclaim’s volumes can’t be read, so nobody can tell which volumes are gone.",
	},
	reaper.VolumesDirChanged: {
		text: "The directory with the volumes is another one than before: it was unmounted, or mounted anew. " +
			"What was seen there counts no more, and every orphan’s time starts again.",
		passes: true,
	},
	reaper.NoVolumeFound: {
		text: "Not one of the containers’ volumes is where weeder looks. " +
			"It is more likely that this is the wrong directory than that all of them are gone.",
	},
	reaper.BaggageclaimUnreachable: {
		text: "baggageclaim does not answer, and weeder takes no volume for gone without its word.",
	},
	reaper.WitnessesDisagreeInterlock: {
		text: "baggageclaim and the disk contradict each other about a volume, so one of the two is not this worker’s.",
	},
	reaper.Starting: {
		text:   "weeder has not watched this worker for long enough yet. It looks and counts.",
		passes: true,
	},
	reaper.ClockStepped: {
		text:   "The clock was set, or the machine slept: times from before prove nothing, and every orphan’s time starts again.",
		passes: true,
	},
}

// troubles are what is wrong, and then what else is special.
func (v View) troubles(figures figures, outlook trend.Forecast) []trouble {
	var wrong, notes []trouble
	add := func(t trouble) {
		t.Detail = clipDetail(t.Detail)
		if t.Wrong {
			wrong = append(wrong, t)
		} else {
			notes = append(notes, t)
		}
	}

	if v.Late {
		add(trouble{Wrong: true, What: fmt.Sprintf(
			"The last look ended %s ago, though there should be one every %s: all below is old.", span(v.Quiet), span(v.Interval))})
	}
	for _, interlock := range v.Interlocks {
		known := sentences[interlock.Name]
		text := cmp.Or(known.text, "An interlock is on.")
		if known.passes {
			text += " Nothing is destroyed until then; this ends of itself."
		} else {
			text += " Nothing is destroyed as long as this lasts."
		}
		add(trouble{Wrong: !known.passes, What: text, Name: clip(string(interlock.Name)), Detail: interlock.Detail})
	}
	blind := ""
	if v.Last != nil {
		blind = v.Last.Blind()
	}
	if blind != "" {
		add(trouble{Wrong: true, What: "Not one of Concourse’s containers can be judged, so no leak is found. What can’t be judged is kept.",
			Name: "weeder scan --only unknown", Detail: blind})
	}
	if v.Unrecorded != nil {
		add(trouble{Wrong: true, Name: "journal", Detail: v.Unrecorded.Error(),
			What: "What happens can’t be written down: is the disk full? weeder goes on, and its log tells each destroy."})
	}
	if outlook.Outlook == trend.Full {
		add(trouble{Wrong: true, What: "All slots are in use. Builds fail on this worker until containers go."})
	}
	if figures.Stuck > 0 {
		add(trouble{Wrong: true, What: fmt.Sprintf(
			"%s can’t be destroyed: it was tried %d times at least. See below why.", plural(figures.Stuck, "container", "containers"), reaper.StuckAfter)})
	}
	if v.DryRun {
		add(trouble{What: "This is a dry run: weeder decides all that it would decide otherwise, writes that down, and destroys nothing."})
	}
	if v.Last == nil {
		add(trouble{What: "No look is over yet. weeder was started " + span(v.At.Sub(v.Started)) + " ago."})
	}
	if figures.Unknown > 0 && blind == "" {
		add(trouble{What: fmt.Sprintf("%s can’t be judged. What can’t be judged is kept.", plural(figures.Unknown, "container", "containers")),
			Name: "weeder scan --only unknown"})
	}
	return append(wrong, notes...)
}
