package containerd

import (
	"fmt"
	"iter"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// The calls, and the numbers of the fields in their messages, as in containerd's
// api/services/{containers,tasks,version}/v1 and api/types/task. What the messages
// have beside these is passed over.
const (
	versionMethod        = "/containerd.services.version.v1.Version/Version"
	getContainerMethod   = "/containerd.services.containers.v1.Containers/Get"
	listContainersMethod = "/containerd.services.containers.v1.Containers/ListStream"
	getTaskMethod        = "/containerd.services.tasks.v1.Tasks/Get"
	listPidsMethod       = "/containerd.services.tasks.v1.Tasks/ListPids"

	// The only field of GetContainerRequest, and the first of the requests for tasks.
	requestID protowire.Number = 1

	versionText protowire.Number = 1

	// Of GetContainerResponse and ListContainerMessage.
	replyContainer protowire.Number = 1

	containerID        protowire.Number = 1
	containerLabels    protowire.Number = 2
	containerSpec      protowire.Number = 5
	containerCreatedAt protowire.Number = 8

	mapKey   protowire.Number = 1
	mapValue protowire.Number = 2

	anyValue protowire.Number = 2

	timestampSeconds protowire.Number = 1
	timestampNanos   protowire.Number = 2

	replyProcess  protowire.Number = 1
	processPID    protowire.Number = 3
	processStatus protowire.Number = 4

	replyPids protowire.Number = 1
)

// record is what containerd keeps of a container.
type record struct {
	id     string
	labels map[string]string
	// spec is JSON. Nil: there is none.
	spec      []byte
	createdAt time.Time
}

// process is the init of a task.
type process struct {
	pid uint32
	// status is a number of containerd.v1.types.Status.
	status uint64
}

// field of a message: bytes or a number, by its kind.
type field struct {
	number protowire.Number
	kind   protowire.Type
	bytes  []byte
	varint uint64
}

// isBytes tells that it is the given field, and a string, a message or bytes.
func (f field) isBytes(number protowire.Number) bool {
	return f.number == number && f.kind == protowire.BytesType
}

// isVarint tells that it is the given field, and a whole number.
func (f field) isVarint(number protowire.Number) bool {
	return f.number == number && f.kind == protowire.VarintType
}

// fields are those of a message. An error ends them.
func fields(message []byte) iter.Seq2[field, error] {
	return func(yield func(field, error) bool) {
		for len(message) > 0 {
			number, kind, length := protowire.ConsumeTag(message)
			if length < 0 {
				yield(field{}, malformed(length))
				return
			}
			message = message[length:]

			f := field{number: number, kind: kind}
			switch kind {
			case protowire.BytesType:
				f.bytes, length = protowire.ConsumeBytes(message)
			case protowire.VarintType:
				f.varint, length = protowire.ConsumeVarint(message)
			default:
				length = protowire.ConsumeFieldValue(number, kind, message)
			}
			if length < 0 {
				yield(field{}, malformed(length))
				return
			}
			message = message[length:]
			if !yield(f, nil) {
				return
			}
		}
	}
}

func malformed(code int) error {
	return fmt.Errorf("%w malformed message: %w", ErrNotContainerd, protowire.ParseError(code))
}

// encodeID makes a request for the container or task of that name.
func encodeID(id string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, requestID, protowire.BytesType), id)
}

func decodeVersion(message []byte) (string, error) {
	version := ""
	for f, err := range fields(message) {
		if err != nil {
			return "", err
		}
		if f.isBytes(versionText) {
			version = string(f.bytes)
		}
	}
	return version, nil
}

// decodeContainer decodes the container in an answer.
func decodeContainer(message []byte) (record, error) {
	for f, err := range fields(message) {
		if err != nil {
			return record{}, err
		}
		if f.isBytes(replyContainer) {
			return decodeRecord(f.bytes)
		}
	}
	return record{}, fmt.Errorf("%w an answer without a container", ErrNotContainerd)
}

func decodeRecord(message []byte) (record, error) {
	container := record{labels: map[string]string{}}
	for f, err := range fields(message) {
		switch {
		case err != nil:
		case f.isBytes(containerID):
			container.id = string(f.bytes)
		case f.isBytes(containerLabels):
			err = addLabel(container.labels, f.bytes)
		case f.isBytes(containerSpec):
			container.spec, err = decodeAny(f.bytes)
		case f.isBytes(containerCreatedAt):
			container.createdAt, err = decodeTimestamp(f.bytes)
		}
		if err != nil {
			return record{}, err
		}
	}
	return container, nil
}

func addLabel(labels map[string]string, entry []byte) error {
	var key, value string
	for f, err := range fields(entry) {
		if err != nil {
			return err
		}
		switch {
		case f.isBytes(mapKey):
			key = string(f.bytes)
		case f.isBytes(mapValue):
			value = string(f.bytes)
		}
	}
	labels[key] = value
	return nil
}

// decodeAny is the value of a google.protobuf.Any.
func decodeAny(message []byte) ([]byte, error) {
	value := []byte{}
	for f, err := range fields(message) {
		if err != nil {
			return nil, err
		}
		if f.isBytes(anyValue) {
			value = f.bytes
		}
	}
	return value, nil
}

func decodeTimestamp(message []byte) (time.Time, error) {
	var seconds, nanos int64
	for f, err := range fields(message) {
		if err != nil {
			return time.Time{}, err
		}
		switch {
		case f.isVarint(timestampSeconds):
			seconds = int64(f.varint)
		case f.isVarint(timestampNanos):
			nanos = int64(f.varint)
		}
	}
	return time.Unix(seconds, nanos).UTC(), nil
}

// decodeProcess decodes the process in an answer.
func decodeProcess(message []byte) (process, error) {
	for f, err := range fields(message) {
		if err != nil {
			return process{}, err
		}
		if !f.isBytes(replyProcess) {
			continue
		}
		var init process
		for f, err := range fields(f.bytes) {
			switch {
			case err != nil:
				return process{}, err
			case f.isVarint(processPID):
				init.pid = uint32(f.varint)
			case f.isVarint(processStatus):
				init.status = f.varint
			}
		}
		return init, nil
	}
	return process{}, fmt.Errorf("%w an answer without a process", ErrNotContainerd)
}

// countPids counts the processes in an answer.
func countPids(message []byte) (uint64, error) {
	var count uint64
	for f, err := range fields(message) {
		if err != nil {
			return 0, err
		}
		if f.isBytes(replyPids) {
			count++
		}
	}
	return count, nil
}
