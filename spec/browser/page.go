package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// Window is what a page is looked at through.
type Window struct {
	// Width and Height in CSS pixels.
	Width, Height int
	// Phone tells that it is one's, of two dots for each pixel.
	Phone bool
	// Dark tells that whoever looks prefers dark colours.
	Dark bool
	// Scripts tells that scripts may run.
	Scripts bool
}

// Page is one that is looked at.
type Page struct {
	browser *Browser
	target  string
	session string

	mutex      sync.Mutex
	loaded     chan struct{}
	complaints []string
	requests   []string
}

type params map[string]any

// Open opens a page and waits until all of it is loaded.
func (b *Browser) Open(ctx context.Context, address string, window Window) (*Page, error) {
	var target struct{ TargetID string }
	if err := b.call(ctx, "", "Target.createTarget", params{"url": "about:blank"}, &target); err != nil {
		return nil, err
	}
	var attached struct{ SessionID string }
	if err := b.call(ctx, "", "Target.attachToTarget", params{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return nil, err
	}
	page := &Page{browser: b, target: target.TargetID, session: attached.SessionID, loaded: make(chan struct{})}
	b.mutex.Lock()
	b.pages[page.session] = page
	b.mutex.Unlock()

	scheme, scale := "light", 1
	if window.Dark {
		scheme = "dark"
	}
	if window.Phone {
		scale = 2
	}
	for _, step := range []struct {
		method string
		params params
	}{
		{"Page.enable", nil}, {"Runtime.enable", nil}, {"Log.enable", nil}, {"Network.enable", nil}, {"Audits.enable", nil},
		{"Emulation.setDeviceMetricsOverride", params{
			"width": window.Width, "height": window.Height, "deviceScaleFactor": scale, "mobile": window.Phone}},
		{"Emulation.setEmulatedMedia", params{"features": []params{{"name": "prefers-color-scheme", "value": scheme}}}},
		{"Emulation.setScriptExecutionDisabled", params{"value": !window.Scripts}},
	} {
		if err := page.call(ctx, step.method, step.params, nil); err != nil {
			return nil, err
		}
	}
	var went struct{ ErrorText string }
	if err := page.call(ctx, "Page.navigate", params{"url": address}, &went); err != nil {
		return nil, err
	}
	if went.ErrorText != "" {
		return nil, fmt.Errorf("open %s: %s", address, went.ErrorText)
	}
	select {
	case <-page.loaded:
		return page, nil
	case <-b.ended:
		return nil, fmt.Errorf("open %s: %s has ended", address, Program)
	case <-ctx.Done():
		return nil, fmt.Errorf("open %s: %w", address, ctx.Err())
	}
}

func (p *Page) call(ctx context.Context, method string, with params, result any) error {
	if with == nil {
		with = params{}
	}
	return p.browser.call(ctx, p.session, method, with, result)
}

// hear takes in an event.
func (p *Page) hear(method string, told json.RawMessage) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch method {
	case "Page.loadEventFired":
		select {
		case <-p.loaded:
		default:
			close(p.loaded)
		}
	case "Network.requestWillBeSent":
		var sent struct{ Request struct{ URL string } }
		if json.Unmarshal(told, &sent) == nil {
			p.requests = append(p.requests, sent.Request.URL)
		}
	case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Audits.issueAdded":
		p.complaints = append(p.complaints, method+" "+string(told))
	}
}

// Complaints are what the browser found fault with, as the DevTools say it.
func (p *Page) Complaints() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.complaints)
}

// Requests are the addresses that were asked for.
func (p *Page) Requests() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.Clone(p.requests)
}

// Evaluate has the browser evaluate an expression, which it does for who looks
// even where scripts must not run, and decodes its value into result.
func (p *Page) Evaluate(ctx context.Context, expression string, result any) error {
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Exception struct{ Description string } }
	}
	if err := p.call(ctx, "Runtime.evaluate", params{"expression": expression, "returnByValue": true}, &answer); err != nil {
		return err
	}
	if answer.ExceptionDetails != nil {
		return fmt.Errorf("evaluate: %s", answer.ExceptionDetails.Exception.Description)
	}
	if err := json.Unmarshal(answer.Result.Value, result); err != nil {
		return fmt.Errorf("decode value: %w", err)
	}
	return nil
}

// Node is an element as those perceive it who can't see the page.
type Node struct{ Role, Name string }

// Nodes are all that have a role but the lines that texts are broken into.
func (p *Page) Nodes(ctx context.Context) ([]Node, error) {
	type value struct{ Value any }
	var tree struct {
		Nodes []struct {
			Ignored    bool
			Role, Name value
		}
	}
	if err := p.call(ctx, "Accessibility.getFullAXTree", nil, &tree); err != nil {
		return nil, err
	}
	var nodes []Node
	for _, node := range tree.Nodes {
		role, _ := node.Role.Value.(string)
		name, _ := node.Name.Value.(string)
		if !node.Ignored && role != "InlineTextBox" {
			nodes = append(nodes, Node{Role: role, Name: name})
		}
	}
	return nodes, nil
}

// Picture is a PNG of the page from its top, no higher than given. 0: all of it.
func (p *Page) Picture(ctx context.Context, height int) ([]byte, error) {
	var metrics struct {
		CSSContentSize struct{ Width, Height float64 }
	}
	if err := p.call(ctx, "Page.getLayoutMetrics", nil, &metrics); err != nil {
		return nil, err
	}
	size := metrics.CSSContentSize
	if height > 0 {
		size.Height = min(size.Height, float64(height))
	}
	var picture struct{ Data []byte }
	err := p.call(ctx, "Page.captureScreenshot", params{
		"format": "png", "captureBeyondViewport": true,
		"clip": params{"x": 0, "y": 0, "width": size.Width, "height": size.Height, "scale": 1},
	}, &picture)
	return picture.Data, err
}

// Close closes the page, even while it loads itself anew.
func (p *Page) Close(ctx context.Context) error {
	return p.browser.call(ctx, "", "Target.closeTarget", params{"targetId": p.target}, nil)
}
