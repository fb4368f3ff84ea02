package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The README shows what the last report says.
func TestREADME(t *testing.T) {
	said, err := os.ReadFile("REPORT.md")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, budgets, _ := strings.Cut(string(said), "## The budgets\n\n")
	budgets, _, _ = strings.Cut(budgets, "\n## ")
	if strings.Count(budgets, "\n| ") < 5 || !strings.Contains(string(readme), tableBegins+"\n"+budgets+"\n"+tableEnds) {
		t.Errorf("the README's table is another than that of spec/bench/REPORT.md, which make bench writes:\n%s", budgets)
	}
}

func TestPutIn(t *testing.T) {
	var r report
	r.budget("what", "bound", "measured", false)
	readme := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(readme, []byte("before\n"+tableBegins+"old\n"+tableEnds+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.putIn(readme); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n" + tableBegins + "\n" + r.table() + "\n" + tableEnds + "after\n"; string(text) != want {
		t.Errorf("got %q, want %q", text, want)
	}

	if err := os.WriteFile(readme, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.putIn(readme); err == nil {
		t.Error("it takes a README that has no place for the table")
	}
}
