package status

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"weeder/status/report"
)

// Handler serves the status. All of it is read-only.
func (s *Status) Handler() http.Handler {
	mux := http.NewServeMux()
	// Compressing a few kilobytes takes a megabyte of memory.
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{DisableCompression: true}))
	mux.HandleFunc("GET /healthz", s.serveHealth)
	mux.HandleFunc("GET /api/v1/scan", s.serveScan)
	mux.HandleFunc("GET /{$}", s.servePage)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Content-Security-Policy", "default-src 'none'")
		mux.ServeHTTP(w, r)
	})
}

// serveScan tells of the last pass, as scan --json would have.
func (s *Status) serveScan(w http.ResponseWriter, _ *http.Request) {
	now := s.see()
	if now.last == nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "no pass is over yet"})
		return
	}
	writeJSON(w, http.StatusOK, report.New(now.last.Report, report.Setting{
		Target:        s.config.Target,
		VolumesDir:    now.last.volumesDir,
		MaxContainers: now.around.maxContainers,
	}))
}

func writeJSON(w http.ResponseWriter, code int, value any) {
	text, err := report.Encode(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// Whoever hung up misses nothing.
	_, _ = w.Write(text)
}
