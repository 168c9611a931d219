// What OTLP demands of metrics, and the API of their names and units.
package main

import (
	"math"
	"regexp"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
)

var (
	metricName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.\-/]{0,254}$`)
	metricUnit = regexp.MustCompile(`^[\x20-\x7e]{0,63}$`)
)

const noRecordedValue = uint32(metrics.DataPointFlags_DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK)

func (j *judge) metrics(request *collectormetrics.ExportMetricsServiceRequest) {
	var top *place
	for r, ofResource := range request.ResourceMetrics {
		at := top.at("resource_metrics", r)
		j.resource(at, ofResource.Resource)
		for s, ofScope := range ofResource.ScopeMetrics {
			at := at.at("scope_metrics", s)
			j.scope(at, ofScope.Scope)
			for i, metric := range ofScope.Metrics {
				j.metric(at.at("metrics", i), metric)
			}
		}
	}
}

// series is one metric's points as far as they are alike.
type series struct {
	*judge
	at   *place
	seen map[seriesPoint]bool
	// Of what is added up since a time, that time has to be known.
	needsStart bool
}

type seriesPoint struct {
	identity string
	time     uint64
}

func (j *judge) metric(at *place, metric *metrics.Metric) {
	before := j.items
	j.require(metricName.MatchString(metric.Name), at, "name is '%s'", metric.Name)
	j.require(metricUnit.MatchString(metric.Unit), at, "unit is '%s'", metric.Unit)
	points := series{judge: j, at: at, seen: map[seriesPoint]bool{}}
	switch data := metric.Data.(type) {
	case *metrics.Metric_Gauge:
		for i, point := range data.Gauge.GetDataPoints() {
			points.number(at.at("data_points", i), point, false)
		}
	case *metrics.Metric_Sum:
		points.addsUp(data.Sum.GetAggregationTemporality())
		for i, point := range data.Sum.GetDataPoints() {
			points.number(at.at("data_points", i), point, data.Sum.IsMonotonic)
		}
	case *metrics.Metric_Histogram:
		points.addsUp(data.Histogram.GetAggregationTemporality())
		for i, point := range data.Histogram.GetDataPoints() {
			points.histogram(at.at("data_points", i), point)
		}
	case *metrics.Metric_ExponentialHistogram:
		points.addsUp(data.ExponentialHistogram.GetAggregationTemporality())
		for i, point := range data.ExponentialHistogram.GetDataPoints() {
			points.exponentialHistogram(at.at("data_points", i), point)
		}
	case *metrics.Metric_Summary:
		for i, point := range data.Summary.GetDataPoints() {
			points.summary(at.at("data_points", i), point)
		}
	}
	j.require(j.items > before, at, "no data points")
}

func (s *series) addsUp(temporality metrics.AggregationTemporality) {
	s.needsStart = true
	known := temporality == metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA ||
		temporality == metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE
	s.require(known, s.at, "aggregation_temporality is %d", temporality)
}

// point is what every kind of data point has.
type point interface {
	GetAttributes() []*common.KeyValue
	GetStartTimeUnixNano() uint64
	GetTimeUnixNano() uint64
	GetFlags() uint32
}

func (s *series) point(at *place, point point) {
	s.items++
	start, time := point.GetStartTimeUnixNano(), point.GetTimeUnixNano()
	s.require(time != 0, at, "time_unix_nano is missing")
	s.require(start <= time, at, "it starts %d ns after its time", start-time)
	s.require(start != 0 || !s.needsStart, at, "start_time_unix_nano is missing")
	s.require(point.GetFlags()&^noRecordedValue == 0, at, "flags has reserved bits: %#x", point.GetFlags())
	s.attributes(at, point.GetAttributes())
	identity := seriesPoint{identityOf(point.GetAttributes()), time}
	s.require(!s.seen[identity], at, "a second point of the same attributes and time")
	s.seen[identity] = true
}

func (s *series) number(at *place, point *metrics.NumberDataPoint, isMonotonic bool) {
	s.point(at, point)
	s.require((point.Value != nil) != (point.Flags&noRecordedValue != 0), at, "neither a value nor no_recorded_value, or both")
	s.require(!isMonotonic || (point.GetAsInt() >= 0 && !(point.GetAsDouble() < 0)), at, "a monotonic sum is below zero")
	s.exemplars(at, point.Exemplars)
}

func (s *series) histogram(at *place, point *metrics.HistogramDataPoint) {
	s.point(at, point)
	buckets, bounds := len(point.BucketCounts), len(point.ExplicitBounds)
	s.require(buckets == bounds+1 || buckets+bounds == 0, at, "%d bucket_counts for %d explicit_bounds", buckets, bounds)
	if buckets > 0 {
		s.require(total(point.BucketCounts) == point.Count, at, "count is %d, that of the buckets %d", point.Count, total(point.BucketCounts))
	}
	for i, bound := range point.ExplicitBounds {
		s.require(!math.IsNaN(bound) && !math.IsInf(bound, 0), at, "explicit_bounds[%d] is %v", i, bound)
		s.require(i == 0 || bound > point.ExplicitBounds[i-1], at, "explicit_bounds[%d] is not more than the one before", i)
	}
	s.sums(at, point.Count, point.Sum, point.Min, point.Max)
	s.exemplars(at, point.Exemplars)
}

func (s *series) exponentialHistogram(at *place, point *metrics.ExponentialHistogramDataPoint) {
	s.point(at, point)
	inBuckets := point.ZeroCount + total(point.Positive.GetBucketCounts()) + total(point.Negative.GetBucketCounts())
	s.require(inBuckets == point.Count, at, "count is %d, that of the buckets %d", point.Count, inBuckets)
	s.sums(at, point.Count, point.Sum, point.Min, point.Max)
	s.exemplars(at, point.Exemplars)
}

func (s *series) summary(at *place, point *metrics.SummaryDataPoint) {
	s.point(at, point)
	for i, value := range point.QuantileValues {
		s.require(value.Quantile >= 0 && value.Quantile <= 1, at, "quantile_values[%d].quantile is %v", i, value.Quantile)
	}
}

func (s *series) sums(at *place, count uint64, sum, min, max *float64) {
	s.require(count > 0 || sum == nil || *sum == 0, at, "a sum of nothing that is not zero")
	s.require(min == nil || max == nil || *min <= *max, at, "min is more than max")
}

func (s *series) exemplars(at *place, exemplars []*metrics.Exemplar) {
	for i, exemplar := range exemplars {
		at := at.at("exemplars", i)
		s.require(exemplar.TimeUnixNano != 0, at, "time_unix_nano is missing")
		s.require(exemplar.Value != nil, at, "no value")
		s.context(at, exemplar.TraceId, exemplar.SpanId)
		s.attributes(at, exemplar.FilteredAttributes)
	}
}

func total(counts []uint64) uint64 {
	var sum uint64
	for _, count := range counts {
		sum += count
	}
	return sum
}
