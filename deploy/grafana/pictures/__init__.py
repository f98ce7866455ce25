"""Pictures of the dashboards: the committed JSON's own queries, asked of a real Prometheus and drawn on the
dashboards' own grid.

They are not screenshots of Grafana. They show the same panels, titles, units, levels and data, so that a
reader sees what a dashboard says without installing Grafana, and so that an empty or unreadable panel is
found.
"""
