package volumes

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"weeder/cmd/sandbox/faults"
)

// Kinds are the faults of the API.
var Kinds = []faults.Kind{
	{Name: "baggageclaim-hangs", Help: "baggageclaim hangs; limited to handles: when asked for one of them"},
	{Name: "baggageclaim-fails", Help: "baggageclaim is a 500; limited to handles: when asked for one of them"},
	{Name: "baggageclaim-remembers", Help: "baggageclaim knows volumes that the disk lacks; must be limited to handles"},
}

// listed is a volume as baggageclaim lists it: ttl and expires_at up to Concourse 5.0, and ttl
// only where it is not 0.
type listed struct {
	Handle     string            `json:"handle"`
	Path       string            `json:"path"`
	Properties map[string]string `json:"properties"`
	TTL        uint              `json:"ttl,omitempty"`
	ExpiresAt  *time.Time        `json:"expires_at,omitempty"`
	Privileged bool              `json:"privileged"`
}

type api struct {
	dir    Dir
	faults *faults.Set
}

// Handler is a stand-in for baggageclaim's API over a volumes directory: GET /volumes, whose query
// filters by properties, and GET /volumes/:handle. It reads the directory on each request.
//
// Left out: all that changes a volume (create, destroy, properties, TTLs, privilege), streaming,
// the asynchronous creation, and the reaping of expired volumes.
func Handler(dir Dir, set *faults.Set) http.Handler {
	a := api{dir: dir, faults: set}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /volumes", a.list)
	mux.HandleFunc("GET /volumes/{handle}", a.get)

	return mux
}

func (a api) list(w http.ResponseWriter, r *http.Request) {
	if a.misbehaves(w) {
		return
	}

	entries, err := os.ReadDir(filepath.Join(string(a.dir), Live))
	if err != nil {
		refuse(w, http.StatusInternalServerError, "failed to list volumes")
		return
	}

	volumes := []listed{}
	for _, entry := range entries {
		volume, err := a.dir.read(entry.Name())
		if err == nil && volume.has(r.URL.Query()) {
			volumes = append(volumes, volume)
		}
	}
	answer(w, http.StatusOK, volumes)
}

func (a api) get(w http.ResponseWriter, r *http.Request) {
	handle := r.PathValue("handle")
	if a.misbehaves(w, handle) {
		return
	}

	volume, err := a.dir.read(handle)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case missing && len(a.faults.Strike("baggageclaim-remembers", handle).Handles) > 0:
		answer(w, http.StatusOK, listed{Handle: handle, Path: a.dir.Data(handle), Properties: map[string]string{}})
	case missing:
		refuse(w, http.StatusNotFound, "failed to get volume")
	case err != nil:
		refuse(w, http.StatusInternalServerError, "failed to get volume")
	default:
		answer(w, http.StatusOK, volume)
	}
}

func (a api) misbehaves(w http.ResponseWriter, handles ...string) bool {
	if err := a.faults.Hold("baggageclaim-hangs", handles...); err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return true
	}
	if a.faults.Strike("baggageclaim-fails", handles...).Struck() {
		refuse(w, http.StatusInternalServerError, "failed to list volumes")
		return true
	}

	return false
}

func (d Dir) read(handle string) (listed, error) {
	directory := filepath.Join(string(d), Live, filepath.Base(handle))
	volume := listed{Handle: handle, Path: d.Data(handle)}
	if err := decodeFile(filepath.Join(directory, "properties.json"), &volume.Properties); err != nil {
		return listed{}, err
	}
	if err := decodeFile(filepath.Join(directory, "privileged.json"), &volume.Privileged); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return listed{}, err
	}

	var ttl struct {
		TTL       uint  `json:"ttl"`
		ExpiresAt int64 `json:"expires_at"`
	}
	err := decodeFile(filepath.Join(directory, "ttl.json"), &ttl)
	if errors.Is(err, fs.ErrNotExist) {
		return volume, nil
	}
	if err != nil {
		return listed{}, err
	}
	volume.TTL, volume.ExpiresAt = ttl.TTL, new(time.Unix(ttl.ExpiresAt, 0).UTC())

	return volume, nil
}

func (l listed) has(query map[string][]string) bool {
	for name, values := range query {
		if value, ok := l.Properties[name]; !ok || value != values[0] {
			return false
		}
	}

	return true
}

// decodeFile takes the first value of a file, as baggageclaim does.
func decodeFile(path string, value any) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()

	return json.NewDecoder(file).Decode(value)
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that has gone is no concern of a sandbox.
	_ = json.NewEncoder(w).Encode(value)
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"error": message})
}
