/*
 * Pieces of a page that is well-formed XML: text, and plots as drawings within it, of rows with a
 * label, a bar and perhaps a number each.
 */
#ifndef AOT_CMD_HTML_H
#define AOT_CMD_HTML_H

#include <stdio.h>

#include "aot/base/types.h"

/* A plot's measures, in units of its own. */
#define HTML_PLOT_WIDTH  900
#define HTML_LABEL_WIDTH 230
#define HTML_BARS        (HTML_PLOT_WIDTH - HTML_LABEL_WIDTH - 60)
#define HTML_BARS_END    (HTML_LABEL_WIDTH + HTML_BARS)
#define HTML_ROW_HEIGHT  22
#define HTML_BAR_HEIGHT  14

/* Text with what XML has other uses for written otherwise, and bytes that are no ASCII as \xNN. */
void html_text(FILE *out, const char *text);

/* Begins a plot with a row for each of `rows`; the caller ends it with </svg>. */
void html_begin_plot(FILE *out, u32 rows, const char *name);

/* The row's label: the last part of a path. */
void html_label(FILE *out, u32 row, const char *name);

/* A bar that begins `from` behind the labels; `paint` are attributes. The caller ends it with
 * </rect>, perhaps behind a <title>. */
void html_bar(FILE *out, double from, double width, double y, double height, const char *paint);

/* The scale below all rows. */
void html_scale(FILE *out, u32 rows, const char *const label[5]);

#endif
