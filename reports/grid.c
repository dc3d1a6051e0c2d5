/* SPDX-License-Identifier: MIT */
/*
 * The matrix at a glance: a line per fix, a column per scenario, a word per
 * cell. Scenarios that have the same fixes share a grid.
 */
#include "reports/result.h"

#include "reports/text.h"

#include <ctype.h>
#include <string.h>

enum {
	COLUMNS_MAX = 64,
	FIX_WIDTH = 15,
	CELL_WIDTH = 9, /* "NARROWED!" */
	HEADING_LINES = 6,
};

/* Of one grid: where the results of a column begin. */
struct grid {
	const struct report_result *results;
	size_t n;
	size_t column[COLUMNS_MAX];
	size_t columns;
	size_t rows; /* of each column, one after another */
	bool prices;
	bool claims_nothing, disagrees; /* somewhere */
};

static size_t rows_from(const struct report_result *results, size_t n, size_t i)
{
	size_t rows = 1;

	while (i + rows < n &&
	       !strcmp(results[i].scenario, results[i + rows].scenario))
		rows++;
	return rows;
}

/* Whether the scenario at i has the fixes of the grid's first one. */
static bool belongs(const struct grid *g, size_t i)
{
	size_t first = g->column[0];

	if (rows_from(g->results, g->n, i) != g->rows)
		return false;
	for (size_t row = 0; row < g->rows; row++)
		if (strcmp(g->results[first + row].fix,
			   g->results[i + row].fix) != 0)
			return false;
	return true;
}

static bool claims_nothing(const struct report_result *r)
{
	return r->real && !strcmp(r->real->claim, "n/a");
}

static void add_column(struct grid *g, size_t i)
{
	g->column[g->columns++] = i;
	for (size_t row = 0; row < g->rows; row++) {
		const struct report_result *r = &g->results[i + row];

		g->prices |= r->price != NULL;
		g->claims_nothing |= claims_nothing(r);
		g->disagrees |= r->real && !r->real->agrees;
	}
}

/* The grid that begins at result first. */
static struct grid take(const struct report_result *results, size_t n,
			size_t first)
{
	struct grid g = { .results = results, .n = n };

	g.rows = rows_from(results, n, first);
	add_column(&g, first);
	for (size_t i = first + g.rows; i < n && g.columns < COLUMNS_MAX;
	     i += rows_from(results, n, i))
		if (belongs(&g, i))
			add_column(&g, i);
	return g;
}

/* ---- headings ---- */

/* How much of a name goes on one line of a heading: up to a '/' or '-'. */
static size_t piece(const char *name)
{
	size_t len = strlen(name), fits = 0;

	if (len <= CELL_WIDTH)
		return len;
	for (size_t i = 0; i < CELL_WIDTH; i++)
		if (name[i] == '/' || name[i] == '-')
			fits = i + 1;
	return fits ? fits : CELL_WIDTH;
}

/* Of a line of the table: spaces are written when something comes after. */
struct line {
	FILE *out;
	size_t owed;
};

static void put(struct line *line, const char *text, size_t len, size_t width,
		const char *color)
{
	fprintf(line->out, "%*s%s", (int)line->owed, "", color ? color : "");
	text_put(line->out, text, len);
	fputs(color ? "\033[0m" : "", line->out);
	line->owed = len < width ? width - len + 1 : 1;
}

/* Piece number n of a heading, "" past its last. */
static void put_piece(struct line *line, const char *name, unsigned n,
		      const char *color)
{
	while (n--)
		name += piece(name);
	if (*name)
		put(line, name, piece(name), CELL_WIDTH, color);
	else
		line->owed += CELL_WIDTH + 1;
}

static unsigned heading_lines(const struct grid *g)
{
	unsigned most = 0;

	for (size_t c = 0; c < g->columns; c++) {
		const char *name = g->results[g->column[c]].scenario;
		unsigned lines = 0;

		for (; *name && lines < HEADING_LINES; lines++)
			name += piece(name);
		if (lines > most)
			most = lines;
	}
	return most;
}

static void put_headings(FILE *out, const struct grid *g, const char *color)
{
	unsigned lines = heading_lines(g);

	for (unsigned i = 0; i < lines; i++) {
		bool last = i + 1 == lines;
		struct line line = { .out = out };

		put(&line, "fix", last ? 3 : 0, FIX_WIDTH, color);
		for (size_t c = 0; c < g->columns; c++)
			put_piece(&line, g->results[g->column[c]].scenario, i,
				  color);
		if (g->prices && last)
			put(&line, "price", 5, CELL_WIDTH, color);
		putc('\n', out);
	}
}

/* ---- rows ---- */

/* In small letters where nothing was claimed. */
static void put_verdict(struct line *line, const struct report_result *r,
			bool color)
{
	bool wrong = r->real && !r->real->agrees;
	char text[CELL_WIDTH + 1];

	snprintf(text, sizeof(text), "%s%s", report_verdict_name(r->verdict),
		 wrong ? "!" : "");
	for (char *c = text; *c && claims_nothing(r); c++)
		*c = (char)tolower((unsigned char)*c);
	put(line, text, strlen(text), CELL_WIDTH,
	    color ? report_verdict_color(r->verdict) : NULL);
}

static void put_price(struct line *line, const struct report_price *price)
{
	/* Not %f: the decimal point must not depend on the locale. */
	unsigned hundredths = (unsigned)(price->ratio * 100 + 0.5);
	char text[24];

	if (price->skipped)
		snprintf(text, sizeof(text), "SKIP");
	else
		snprintf(text, sizeof(text), "%u.%02ux", hundredths / 100,
			 hundredths % 100);
	put(line, text, strlen(text), sizeof(text), NULL);
}

static void put_row(FILE *out, const struct grid *g, size_t row, bool color)
{
	const struct report_result *first = &g->results[g->column[0] + row];
	struct line line = { .out = out };

	put(&line, first->fix, strlen(first->fix), FIX_WIDTH, NULL);
	for (size_t c = 0; c < g->columns; c++)
		put_verdict(&line, &g->results[g->column[c] + row], color);
	if (first->price)
		put_price(&line, first->price);
	putc('\n', out);
}

static void put_legend(FILE *out, const struct grid *g)
{
	if (g->prices)
		fputs("price: write, spawn and wait, beside posix_spawn "
		      "without a fix\n",
		      out);
	if (g->claims_nothing)
		fputs("in small letters: the scenario breaks the condition of "
		      "what the fix claims\n",
		      out);
	if (g->disagrees)
		fputs("!: not what the fix claims, or not what the kernel "
		      "does\n",
		      out);
}

void report_grid(FILE *out, const struct report_result *results, size_t n,
		 bool color)
{
	for (size_t i = 0; i < n; i += rows_from(results, n, i)) {
		struct grid g;
		size_t k = 0;

		/* It is in a grid that began before? */
		while (k < i) {
			g = take(results, n, k);
			if (belongs(&g, i))
				break;
			k += g.rows;
		}
		if (k < i)
			continue;
		g = take(results, n, i);
		put_headings(out, &g, color ? "\033[1m" : NULL);
		for (size_t row = 0; row < g.rows; row++)
			put_row(out, &g, row, color);
		put_legend(out, &g);
		putc('\n', out);
	}
}
