"""Charts: what they are (`chart`), and those of each page of numbers."""

from metrics.charts.buckets import Bucket, bucketed
from metrics.charts.chart import Axis, Band, Chart, Kind, Mark, Point, Scale, Series, chart_file, on_labels
from metrics.charts.frame import short_day
from metrics.charts.overview import cycle_chart, throughput_chart, wip_chart

__all__ = [
    "Axis",
    "Band",
    "Bucket",
    "Chart",
    "Kind",
    "Mark",
    "Point",
    "Scale",
    "Series",
    "bucketed",
    "chart_file",
    "cycle_chart",
    "on_labels",
    "short_day",
    "throughput_chart",
    "wip_chart",
]
