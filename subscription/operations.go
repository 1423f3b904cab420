package subscription

import (
	"context"
	"net/http"
)

// The operations, as errors name them.
const (
	opCreate = "create"
	opList   = "list"
	opUpdate = "update"
	opDelete = "delete"
)

// remove deletes the subscription at a path that ends in its id.
func (a *api) remove(ctx context.Context, id string, path []string) error {
	if err := a.checkID(opDelete, id); err != nil {
		return err
	}
	_, err := a.do(ctx, call{operation: opDelete, method: http.MethodDelete, path: path})
	return err
}
