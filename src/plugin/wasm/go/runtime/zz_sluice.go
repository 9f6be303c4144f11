//go:build js && wasm

// Added to package runtime by `sluice plugin build`.

package runtime

// sluiceMetric is a counter of a GODEBUG setting, as package internal/godebug registers it.
type sluiceMetric struct {
	name string
	read func() uint64
}

// The counters that came before the plugin has read a metric.
var (
	sluiceMetrics     []sluiceMetric
	sluiceMetricsRead bool
)

// sluiceLater stands at the beginning of godebug_registerMetric, which runs in init functions for the `go` line of an older go.mod. The
// table of all metrics that it fills costs more than the rest of the start; few plugins ever read it.
func sluiceLater(name string, read func() uint64) bool {
	if sluiceMetricsRead {
		return false
	}
	sluiceMetrics = append(sluiceMetrics, sluiceMetric{name, read})
	return true
}

// sluiceReadMetrics stands at the beginning of readMetrics.
func sluiceReadMetrics() {
	if sluiceMetricsRead {
		return
	}
	sluiceMetricsRead = true
	for _, m := range sluiceMetrics {
		godebug_registerMetric(m.name, m.read)
	}
	sluiceMetrics = nil
}
