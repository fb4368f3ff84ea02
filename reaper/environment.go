package reaper

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxName bounds each text of a Purpose: a daemon keeps them.
const maxName = 100

// processSpec is an OCI spec's process, of which the environment's word on the
// container's purpose is kept, and nothing else: it can be long, and secrets are
// in it. It decodes whatever JSON it is, since no verdict rests on it.
type processSpec struct {
	purpose Purpose
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (p *processSpec) UnmarshalJSONFrom(decoder *jsontext.Decoder) error {
	if decoder.PeekKind() != jsontext.KindBeginObject {
		return decoder.SkipValue()
	}
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	for decoder.PeekKind() != jsontext.KindEndObject {
		name, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		if string(name) == `"env"` && decoder.PeekKind() == jsontext.KindBeginArray {
			err = p.environment(decoder)
		} else {
			err = decoder.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := decoder.ReadToken()
	return err
}

// environment reads a list of NAME=value. Of those that are there twice the
// last counts: the image's come before Concourse's.
func (p *processSpec) environment(decoder *jsontext.Decoder) error {
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	for decoder.PeekKind() != jsontext.KindEndArray {
		variable, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		if bytes.HasPrefix(variable, []byte(`"BUILD_`)) || bytes.HasPrefix(variable, []byte(`"RESOURCE_`)) {
			text, err := jsontext.AppendUnquote(nil, variable)
			if err != nil {
				return err
			}
			p.purpose.hear(text)
		}
	}
	_, err := decoder.ReadToken()
	return err
}

// hear takes up one variable of the environment of a get, put or check
// (Concourse's exec.StepMetadata, and up to 5.8 for checks
// resource.TrackerMetadata).
func (p *Purpose) hear(variable []byte) {
	name, value, _ := bytes.Cut(variable, []byte("="))
	var field *string
	switch string(name) {
	case "BUILD_TEAM_NAME":
		field = &p.Team
	case "BUILD_PIPELINE_NAME", "RESOURCE_PIPELINE_NAME":
		field = &p.Pipeline
	case "BUILD_JOB_NAME":
		field = &p.Job
	case "RESOURCE_NAME":
		field = &p.Resource
	case "BUILD_NAME":
		field = &p.Build
	case "BUILD_ID":
		field = &p.BuildID
	default:
		return
	}
	*field = string(clip(value))
}

// clip cuts a name at its bound, and no character in two.
func clip(name []byte) []byte {
	if len(name) <= maxName {
		return name
	}
	end := maxName
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end]
}
