"""Charts: what they are (`chart`), and those of the dashboards (`overview`) and of the flow page (`flow`)."""

from metrics.charts.buckets import Bucket, bucketed
from metrics.charts.chart import Axis, Band, Chart, Kind, Mark, Point, Scale, Series, chart_file, on_labels
from metrics.charts.overview import cycle_chart, short_day, throughput_chart, wip_chart

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
