package worker

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/volumes"
)

// The handles of the incident of October 2016. The container refers to two volumes: one with a ttl
// of 0, which is there, and the last of its list, its root, which baggageclaim had reaped.
const (
	IncidentContainer = "eb8f2bbf-86e1-4603-4881-548c9133aa62"
	IncidentVolume    = "88914c83-fc71-4358-4f3f-b886429f9013"
	IncidentRoot      = "1a657656-9647-4bee-54be-8505eb323b9e"
)

// The files of the incident, byte for byte.
var (
	//go:embed testdata/embed/ttl.json
	incidentTTL string
	//go:embed testdata/embed/properties.json
	incidentProperties string
	//go:embed testdata/embed/container-properties.json
	incidentContainerProperties []byte
)

// incident is a container whose grace time has passed, and whose reaping failed once.
func (p *people) incident() {
	var properties map[string]garden.Properties
	if err := json.Unmarshal(incidentContainerProperties, &properties); err != nil {
		panic(fmt.Sprintf("recorded properties: %s", err))
	}

	p.volumes = append(p.volumes, volumes.Volume{
		Handle:        IncidentVolume,
		RawProperties: incidentProperties,
		TTL:           &volumes.TTL{Raw: incidentTTL},
		Privileged:    true,
	})
	p.containers = append(p.containers, backend.Container{
		Handle:     IncidentContainer,
		Properties: properties[IncidentContainer],
		CreatedAt:  p.nextCreatedAt(),
		Root:       p.dir.Data(IncidentRoot),
		Binds:      []backend.Bind{{Source: p.dir.Data(IncidentVolume), Destination: mountPath}},
		NoTimer:    true,
	})
}
