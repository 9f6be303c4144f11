//go:build js && wasm

package http

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// The types of KrakenD's registerers.
type (
	sluiceServerFactory   = func(context.Context, map[string]interface{}, Handler) (Handler, error)
	sluiceClientFactory   = func(context.Context, map[string]interface{}) (Handler, error)
	sluiceModifierFactory = func(map[string]interface{}) func(interface{}) (interface{}, error)
)

const (
	sluiceKindHandler = iota
	sluiceKindClient
	sluiceKindModifier
)

// Directions of a modifier.
const (
	sluiceOnRequest  = 1
	sluiceOnResponse = 2
)

var (
	sluiceServers           = map[string]sluiceServerFactory{}
	sluiceClients           = map[string]sluiceClientFactory{}
	sluiceRequestModifiers  = map[string]sluiceModifierFactory{}
	sluiceResponseModifiers = map[string]sluiceModifierFactory{}
)

// sluiceLog is the logger that plugins get.
type sluiceLog struct{}

func (sluiceLog) put(level int32, v []interface{}) {
	p, n := sluiceText(strings.TrimSuffix(fmt.Sprintln(v...), "\n"))
	sluiceHostLog(level, p, n)
}

func (l sluiceLog) Debug(v ...interface{})    { l.put(0, v) }
func (l sluiceLog) Info(v ...interface{})     { l.put(1, v) }
func (l sluiceLog) Warning(v ...interface{})  { l.put(2, v) }
func (l sluiceLog) Error(v ...interface{})    { l.put(3, v) }
func (l sluiceLog) Critical(v ...interface{}) { l.put(4, v) }
func (l sluiceLog) Fatal(v ...interface{})    { l.put(5, v) }

// sluiceRegister lets the registerers register, in the order in which KrakenD asks for them. Their names go to the gateway.
func sluiceRegister(handler, client, modifier any) {
	if client != nil {
		sluiceRegisterers(client, sluiceKindClient, func() string {
			r, ok := client.(interface {
				RegisterClients(func(name string, factory sluiceClientFactory))
			})
			if !ok {
				return "ClientRegisterer has no method RegisterClients of KrakenD's signature"
			}
			r.RegisterClients(func(name string, f sluiceClientFactory) {
				sluiceClients[name] = f
				sluiceNote(sluiceKindClient, name, 0)
			})
			return ""
		})
	}
	if handler != nil {
		sluiceRegisterers(handler, sluiceKindHandler, func() string {
			r, ok := handler.(interface {
				RegisterHandlers(func(name string, factory sluiceServerFactory))
			})
			if !ok {
				return "HandlerRegisterer has no method RegisterHandlers of KrakenD's signature"
			}
			r.RegisterHandlers(func(name string, f sluiceServerFactory) {
				sluiceServers[name] = f
				sluiceNote(sluiceKindHandler, name, 0)
			})
			return ""
		})
	}
	if modifier != nil {
		sluiceRegisterers(modifier, sluiceKindModifier, func() string {
			r, ok := modifier.(interface {
				RegisterModifiers(func(name string, factory sluiceModifierFactory, request bool, response bool))
			})
			if !ok {
				return "ModifierRegisterer has no method RegisterModifiers of KrakenD's signature"
			}
			r.RegisterModifiers(func(name string, f sluiceModifierFactory, request bool, response bool) {
				on := 0
				if request {
					on |= sluiceOnRequest
					sluiceRequestModifiers[name] = f
				}
				if response {
					on |= sluiceOnResponse
					sluiceResponseModifiers[name] = f
				}
				sluiceNote(sluiceKindModifier, name, on)
			})
			return ""
		})
	}
}

// sluiceRegisterers gives logger and context to a registerer, then calls it. A fault goes to the gateway with the kind -1-kind.
func sluiceRegisterers(v any, kind int, register func() string) {
	if l, ok := v.(interface{ RegisterLogger(interface{}) }); ok {
		l.RegisterLogger(sluiceLog{})
	}
	if c, ok := v.(interface{ RegisterContext(context.Context) }); ok && kind == sluiceKindModifier {
		c.RegisterContext(sluiceBase)
	}
	if fault := register(); fault != "" {
		sluiceNote(-1-kind, fault, 0)
	}
}

func sluiceNote(kind int, name string, on int) {
	p, n := sluiceText(name)
	sluiceHostRegistered(int32(kind), p, n, int32(on))
}

// sluicePlace is what a factory made for one place of the configuration.
type sluicePlace struct {
	handler Handler
	mod     func(interface{}) (interface{}, error)
	ctx     context.Context
	stop    context.CancelFunc
}

func (p *sluicePlace) base() context.Context { return p.ctx }

var sluicePlaces = map[int]*sluicePlace{}

// Kinds of places: the modifiers stand in two.
const (
	sluiceMakeServer = iota
	sluiceMakeClient
	sluiceMakeRequestModifier
	sluiceMakeResponseModifier
)

// sluiceMake runs a factory and tells the gateway what became of it.
func sluiceMake(token, kind int, name, extra string) {
	text, done := "", false
	defer func() {
		if e := recover(); e != nil {
			stack := make([]byte, 8<<10)
			text = "panic: " + fmt.Sprint(e) + "\n" + string(stack[:runtime.Stack(stack, false)])
		} else if !done && text == "" {
			text = "the factory called runtime.Goexit"
		}
		ok := int32(0)
		if done && text == "" {
			ok = 1
		}
		p, n := sluiceText(text)
		sluiceHostMade(int32(token), ok, p, n)
	}()
	var config map[string]interface{}
	if err := json.Unmarshal([]byte(extra), &config); err != nil {
		text = err.Error()
		return
	}
	ctx, stop := context.WithCancel(sluiceBase)
	place := &sluicePlace{ctx: ctx, stop: stop}
	if err := place.make(kind, name, config); err != nil {
		stop()
		text = err.Error()
		if text == "" {
			text = "the factory returned an error without a text"
		}
		return
	}
	sluicePlaces[token] = place
	done = true
}

func (p *sluicePlace) make(kind int, name string, config map[string]interface{}) (err error) {
	switch kind {
	case sluiceMakeServer:
		p.handler, err = sluiceServers[name](p.ctx, config, sluiceNext{})
	case sluiceMakeClient:
		p.handler, err = sluiceClients[name](p.ctx, config)
	case sluiceMakeRequestModifier:
		p.mod = sluiceRequestModifiers[name](config)
	case sluiceMakeResponseModifier:
		p.mod = sluiceResponseModifiers[name](config)
	default:
		return errors.New("unknown kind of plugin " + strconv.Itoa(kind))
	}
	if err != nil {
		return err
	}
	if p.handler == nil && kind <= sluiceMakeClient {
		return errors.New("the factory returned no handler")
	}
	if p.mod == nil && kind > sluiceMakeClient {
		return errors.New("the factory returned no modifier")
	}
	return nil
}
