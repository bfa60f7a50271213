"""Room 3: what people look at: tables, figures, pages. Plain data in, text or files out."""

from edgcn.reports.html import Section, html_page
from edgcn.reports.plots import (
    confusion_matrix_plot,
    contact_sheet,
    embedding_map,
    results_bars,
    training_curves,
)
from edgcn.reports.tables import (
    count_table,
    markdown_table,
    results_table,
    summary_table,
    text_table,
)

__all__ = [
    "Section",
    "confusion_matrix_plot",
    "contact_sheet",
    "count_table",
    "embedding_map",
    "html_page",
    "markdown_table",
    "results_bars",
    "results_table",
    "summary_table",
    "text_table",
    "training_curves",
]
