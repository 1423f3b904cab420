package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/hookward/hookward/internal/adminapi"
)

func init() {
	caddy.RegisterModule(newAdminAPI())
}

// maxAdminBody bounds the body of a request to the admin API, in bytes.
const maxAdminBody = 64 << 10

// adminAPI shows the running endpoints on Caddy's admin endpoint, arms slots and
// forgets deliveries. No answer holds a secret.
//
// After a configuration failed to load, Caddy goes on using the adminAPI that was
// made for it. So it holds nothing of a configuration, and asks for the running one
// with every request.
type adminAPI struct {
	running func() (*App, error)
	logger  func() *zap.Logger
}

func newAdminAPI() *adminAPI {
	return &adminAPI{
		running: runningApp,
		logger:  func() *zap.Logger { return caddy.Log().Named("admin.api.hookward") },
	}
}

// CaddyModule returns the Caddy module information.
func (*adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.hookward",
		New: func() caddy.Module { return newAdminAPI() },
	}
}

// Routes returns the routes of the admin API.
func (a *adminAPI) Routes() []caddy.AdminRoute {
	const one = adminapi.Prefix + "endpoints/{name}"
	return []caddy.AdminRoute{
		{Pattern: adminapi.Prefix, Handler: caddy.AdminHandlerFunc(a.unknown)},
		{Pattern: adminapi.Prefix + "endpoints", Handler: byMethod{http.MethodGet: a.list}},
		{Pattern: one, Handler: byMethod{http.MethodGet: a.on((*adminAPI).show)}},
		{Pattern: one + "/arm", Handler: byMethod{
			http.MethodPost:   a.on((*adminAPI).arm),
			http.MethodDelete: a.on((*adminAPI).disarm),
		}},
		{Pattern: one + "/reconcile", Handler: byMethod{http.MethodPost: a.on((*adminAPI).reconcile)}},
		{Pattern: one + "/rotate", Handler: byMethod{http.MethodPost: a.on((*adminAPI).rotate)}},
		{Pattern: one + "/forget", Handler: byMethod{http.MethodPost: a.on((*adminAPI).forget)}},
		{Pattern: one + "/slots/{slot}/secrets/{fingerprint}", Handler: byMethod{http.MethodDelete: a.on((*adminAPI).removeSecret)}},
	}
}

// runningApp finds the app of the configuration that is running now.
func runningApp() (*App, error) {
	app, err := caddy.ActiveContext().AppIfConfigured("hookward")
	if errors.Is(err, caddy.ErrNotConfigured) {
		return nil, adminError(http.StatusNotFound, errors.New("the running configuration has no hookward endpoint"))
	}
	if err != nil {
		return nil, adminError(http.StatusServiceUnavailable, err)
	}
	return app.(*App), nil
}

// adminError is what handlers return: Caddy knows the status only of an APIError
// that is a value and is not wrapped.
func adminError(status int, err error) error {
	return caddy.APIError{HTTPStatus: status, Err: err}
}

// byMethod is a route with a handler for each method that is allowed there.
type byMethod map[string]caddy.AdminHandlerFunc

// ServeHTTP implements [caddy.AdminHandler].
func (m byMethod) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	serve, allowed := m[r.Method]
	if !allowed {
		methods := strings.Join(slices.Sorted(maps.Keys(m)), ", ")
		w.Header().Set("Allow", methods)
		return adminError(http.StatusMethodNotAllowed, fmt.Errorf("method %s is not allowed here, but only %s", r.Method, methods))
	}
	return serve(w, r)
}

// on finds the endpoint that the path names.
func (a *adminAPI) on(serve func(*adminAPI, http.ResponseWriter, *http.Request, *endpoint) error) caddy.AdminHandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		app, err := a.running()
		if err != nil {
			return err
		}
		name := r.PathValue("name")
		ep, found := app.endpoints[name]
		if !found {
			return adminError(http.StatusNotFound, fmt.Errorf("there is no endpoint %.128q", name))
		}
		return serve(a, w, r, ep)
	}
}

func (*adminAPI) unknown(_ http.ResponseWriter, r *http.Request) error {
	return adminError(http.StatusNotFound, fmt.Errorf("there is nothing at %.256q", r.URL.Path))
}

// readJSON fills in what the body says. No body at all says nothing.
func readJSON(w http.ResponseWriter, r *http.Request, to any) error {
	if r.ContentLength == 0 {
		return nil
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return adminError(http.StatusUnsupportedMediaType, errors.New("the body must be application/json"))
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(to)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return adminError(http.StatusRequestEntityTooLarge, fmt.Errorf("the body is larger than %d bytes", maxAdminBody))
	case err != nil:
		return adminError(http.StatusBadRequest, fmt.Errorf("reading the body: %w", err))
	}
	return nil
}

func writeJSON(w http.ResponseWriter, answer any) error {
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(answer)
}

var _ caddy.AdminRouter = (*adminAPI)(nil)
