package gardenclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/routes"
	"code.cloudfoundry.org/lager/v3"
	"github.com/go-json-experiment/json"

	"weeder/containerd/bundle"
	"weeder/reaper"
)

// everyState makes Guardian list what it leaves out otherwise: containers that
// are half-created. Other backends take it for a property that nothing has.
var everyState = garden.Properties{"garden.state": "all"}

// List is Garden's plain list, in Garden's order.
func (c *Client) List(ctx context.Context) ([]string, error) {
	return c.list(ctx, nil)
}

// ListMatching is Garden's list of the containers that match a filter, in
// Garden's order. Of several properties, Guardian lists what has them all, and
// Concourse's own backend what has any of them.
func (c *Client) ListMatching(ctx context.Context, filter garden.Properties) ([]string, error) {
	return c.list(ctx, filter)
}

// Handles implements reaper.Garden: the plain list in Garden's order, then the
// hidden ones.
func (c *Client) Handles(ctx context.Context) ([]reaper.Listed, error) {
	// In this order, a container that is completed in between is not hidden.
	all, err := c.list(ctx, everyState)
	if err != nil {
		return nil, err
	}
	plain, err := c.list(ctx, nil)
	if err != nil {
		return nil, err
	}

	listed := make([]reaper.Listed, 0, len(plain))
	seen := make(map[string]bool, len(plain))
	add := func(handles []string, hidden bool) {
		for _, handle := range handles {
			if !seen[handle] {
				seen[handle] = true
				listed = append(listed, reaper.Listed{Handle: handle, Hidden: hidden})
			}
		}
	}
	add(plain, false)
	add(all, true)
	return listed, nil
}

func (c *Client) list(ctx context.Context, filter garden.Properties) ([]string, error) {
	const doing = "list containers"
	query := url.Values{}
	for name, value := range filter {
		query.Set(name, value)
	}
	answer, _, err := (&wire{client: c, ctx: ctx}).exchange(routes.List, nil, nil, query, "")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}

	// Garden's own client takes four times as long, twice in each pass.
	var list struct{ Handles []string }
	err = json.Unmarshal(answer, &list, asBefore)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", doing, c.otherShape(err))
	case list.Handles == nil:
		return nil, fmt.Errorf("%s: %s answered without Handles: %w", doing, c.target, ErrNotGarden)
	}
	return list.Handles, nil
}

// DepotHandles implements reaper.Garden. A configured depot that can't be read
// is an error. One that Garden named and weeder can't read, such as that of
// another mount namespace, shows in the doubts about each container in it.
func (c *Client) DepotHandles(context.Context) ([]string, error) {
	depot := c.depot()
	if depot == "" {
		return nil, nil
	}

	entries, err := os.ReadDir(depot)
	c.tellDepot(depot, err)
	if err != nil && c.configuredDepot == "" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Garden's depot (--depot says where it is): %w", err)
	}
	handles := make([]string, 0, len(entries))
	for _, entry := range entries {
		// A depot on a disk of its own has the file system's lost+found.
		if entry.IsDir() && entry.Name() != "lost+found" {
			handles = append(handles, entry.Name())
		}
	}
	return handles, nil
}

// tellDepot logs that a depot that Garden named can't be read, and that it can be
// again.
func (c *Client) tellDepot(depot string, err error) {
	if c.configuredDepot != "" {
		return
	}
	c.learnedDepotL.Lock()
	defer c.learnedDepotL.Unlock()
	switch {
	case err != nil && !c.depotUnread:
		c.logger.Error("failed-to-read-depot", err, lager.Data{"depot": depot})
	case err == nil && c.depotUnread:
		c.logger.Info("read-depot-again", lager.Data{"depot": depot})
	}
	c.depotUnread = err != nil
}

// depot is the directory of all bundles. Empty: it is not known.
func (c *Client) depot() string {
	if c.configuredDepot != "" {
		return c.configuredDepot
	}
	c.learnedDepotL.Lock()
	defer c.learnedDepotL.Unlock()
	return c.learnedDepot
}

// inDepot is a container's directory in the depot. Empty: none is seen.
func (c *Client) inDepot(handle string) string {
	depot := c.depot()
	if depot == "" {
		return ""
	}
	dir := filepath.Join(depot, handle)
	if _, err := os.Lstat(dir); err != nil {
		return ""
	}
	return dir
}

// learnDepot takes the depot from a container's ContainerPath. One that is not
// called by its handle lies in no directory of handles.
func (c *Client) learnDepot(handle, path string) {
	if filepath.Base(path) != handle {
		return
	}

	depot := filepath.Dir(path)
	c.learnedDepotL.Lock()
	defer c.learnedDepotL.Unlock()
	if c.learnedDepot != depot {
		c.learnedDepot = depot
		c.logger.Info("learned-depot", lager.Data{"depot": depot})
	}
}

// Find says whether Garden has a container: nil where one of its lists (or the
// depot) has the handle, a garden.ContainerNotFoundError where none does. It is
// for calls of which Garden says nothing where it doesn't know the handle.
func (c *Client) Find(ctx context.Context, handle string) error {
	if err := checkHandles(handle); err != nil {
		return err
	}
	gone, err := c.gone(ctx, handle)
	if err == nil && gone {
		err = garden.ContainerNotFoundError{Handle: handle}
	}
	return err
}

// gone tells that neither of Garden's lists has the handle, nor has the depot,
// where one is known: older Guardians show half-created ones nowhere else.
func (c *Client) gone(ctx context.Context, handle string) (bool, error) {
	gone, err := c.goneAmong(ctx, []string{handle})
	return gone[handle], err
}

// goneAmong are those of the handles that are gone.
func (c *Client) goneAmong(ctx context.Context, handles []string) (map[string]bool, error) {
	listed, err := c.Handles(ctx)
	if err != nil {
		return nil, err
	}
	gone := make(map[string]bool, len(handles))
	for _, handle := range handles {
		gone[handle] = true
	}
	for _, one := range listed {
		delete(gone, one.Handle)
	}

	depot := c.depot()
	if depot == "" || len(gone) == 0 {
		return gone, nil
	}
	for handle := range gone {
		_, err := os.Lstat(filepath.Join(depot, handle))
		switch {
		case err == nil:
			delete(gone, handle)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	if len(gone) > 0 {
		if err := bundle.Readable(depot); err != nil {
			return nil, err
		}
	}
	return gone, nil
}
