package reaper

import "context"

// Survey is a Pass that judges every container and does not ask what holds the
// orphans: none of its findings has a hold.
func (w *Worker) Survey(ctx context.Context, question Question) Report {
	report, _ := w.survey(ctx, question)
	report.Took = w.elapsed() - report.began
	return report
}

// survey tells, beside what it found, whether baggageclaim answered all that it
// was asked.
func (w *Worker) survey(ctx context.Context, question Question) (Report, bool) {
	report := Report{At: w.Clock.Now(), began: w.elapsed()}
	report.judged = report.began
	heard := w.read(ctx, question, &report)
	return report, heard
}

// Containers are those of the worker, without a judgement on them. Those of an
// earlier pass are not asked about again. An error means that nothing is known.
func (w *Worker) Containers(ctx context.Context) ([]Container, error) {
	if w.inventory == nil {
		w.inventory = NewInventory(w.Garden, w.Runtime, w.Volumes, w.Clock)
	}
	return w.inventory.Containers(ctx)
}
