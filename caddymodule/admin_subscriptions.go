package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/internal/reconcile"
	"github.com/hookward/hookward/signature"
)

// reconcile answers POST /hookward/endpoints/{name}/reconcile, once that is done.
func (a *adminAPI) reconcile(w http.ResponseWriter, r *http.Request, ep *endpoint) error {
	if err := readJSON(w, r, &struct{}{}); err != nil {
		return err
	}
	if ep.subscriptions == nil {
		return errNoSubscribe(ep)
	}
	a.log(r, ep, "subscriptions are being reconciled")
	if err := ep.subscriptions.Run(r.Context()); err != nil {
		return subscriptionError(err)
	}
	return writeJSON(w, ep.subscriptionStatus())
}

// rotate answers POST /hookward/endpoints/{name}/rotate, once there is a second
// subscription for each event.
func (a *adminAPI) rotate(w http.ResponseWriter, r *http.Request, ep *endpoint) error {
	req := adminapi.RotateRequest{Overlap: signature.Duration(reconcile.DefaultOverlap)}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	if ep.subscriptions == nil {
		return errNoSubscribe(ep)
	}
	overlap := max(time.Duration(req.Overlap), 0) // off is none
	a.log(r, ep, "subscriptions are being rotated", zap.Duration("overlap", overlap))
	if err := ep.subscriptions.Rotate(r.Context(), overlap); err != nil {
		return subscriptionError(err)
	}
	return writeJSON(w, ep.subscriptionStatus())
}

// subscriptionStatus is what may be shown of the endpoint's own subscriptions. What the
// provider says may repeat a part of the URL that it was given, with a token in it.
func (ep *endpoint) subscriptionStatus() *reconcile.Status {
	status := ep.subscriptions.Status()
	status.LastError = redaction.Clean(status.LastError)
	return &status
}

func errNoSubscribe(ep *endpoint) error {
	return adminError(http.StatusConflict, fmt.Errorf("endpoint %q keeps no subscriptions: it has no `subscribe`", ep.name))
}

// subscriptionError gives an error of a run its status: most are the provider's.
func subscriptionError(err error) error {
	status := http.StatusBadGateway
	switch {
	case errors.Is(err, reconcile.ErrOverlap):
		status = http.StatusBadRequest
	case errors.Is(err, reconcile.ErrNothingToRotate):
		status = http.StatusConflict
	case errors.Is(err, reconcile.ErrStore), errors.Is(err, reconcile.ErrStopped):
		status = http.StatusServiceUnavailable
	}
	return adminError(status, errors.New(redaction.Clean(err.Error())))
}
