"""The dashboards as code: one module per dashboard, on a common kit."""
