package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// drainTime is what deliveries that are under way are given to end.
const drainTime = 10 * time.Second

// stage is everything that takes part, each with a socket of its own.
type stage struct {
	*story
	application *application
	actors      map[string]*actor // by their names
	gateway     *gateway
}

func setUp(told *story, config string) (*stage, error) {
	s := &stage{story: told, actors: make(map[string]*actor)}
	if err := s.open(config); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) open(config string) (err error) {
	if s.application, err = startApplication(s.story); err != nil {
		return fmt.Errorf("the application: %w", err)
	}
	environment := map[string]string{"APPLICATION": s.application.address}
	for _, r := range roles {
		if s.actors[r.name], err = newActor(r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		maps.Copy(environment, s.actors[r.name].environment())
	}
	if s.gateway, err = startGateway(config, environment); err != nil {
		return fmt.Errorf("the gateway: %w", err)
	}
	s.tell("gateway", "listens at http://%s", s.gateway.address)
	return nil
}

// close takes down what is there, from the senders on.
func (s *stage) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	var err error
	for _, a := range s.actors {
		if a != nil {
			err = errors.Join(err, a.close(ctx))
		}
	}
	if s.gateway != nil {
		err = errors.Join(err, s.gateway.close())
	}
	if s.application != nil {
		err = errors.Join(err, s.application.close())
	}
	return err
}
