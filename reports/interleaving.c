/* SPDX-License-Identifier: MIT */
/*
 * The picture of an interleaving. Time runs downward, each lane is a column,
 * and the text of a step begins in its lane's column and runs over those to
 * its right: where a line begins says who acts.
 *
 * With so many lanes that this leaves too little room, the columns become a
 * gutter in which '*' stands for the lane that acts, and all text begins to
 * the right of it, after the lane's name.
 *
 * The step that violates has "<--" behind it, the critical one "!" before it.
 * While a lane has what the race is about in its hands, it is drawn with '#'.
 * Where it is about the number of a descriptor, that has a column to the left,
 * in which a letter says which file it means, and '.' that it means none.
 */
#include "reports/result.h"

#include "reports/text.h"

#include <assert.h>
#include <string.h>

enum {
	WIDTH_MIN = 60,
	WIDTH_MAX = 200,
	STRIDE_MAX = 16,
	TEXT_MIN = 36, /* columns for the text of the last lane */
	NAME_MAX_SHOWN = 20,
	STEP_MAX = 600, /* bytes of a step's text */
};

struct lane {
	bool shown;
	size_t first, last; /* its steps */
	size_t column;
};

struct picture {
	FILE *out;
	const struct report_interleaving *what;
	size_t width;
	bool color;
	bool gutter;
	size_t margin; /* where the lanes begin, beside the number */
	size_t stride; /* from column to column */
	/* With a gutter: where names and where texts begin. */
	size_t name, text;
	struct lane lane[REPORT_LANES_MAX];
};

/* One line of a step: where its text is, and who waits beside it. */
struct line {
	size_t step;
	bool first; /* of the step */
	size_t at;
	const char *text;
	size_t len;
};

/* ---- layout ---- */

/* A lane without a step is there if it has what the race is about. */
static void find_holders(struct picture *p)
{
	for (size_t i = 0; i < p->what->nsteps; i++)
		for (unsigned l = 0; l < p->what->nlanes; l++)
			if (p->what->steps[i].holds >> l & 1)
				p->lane[l].shown = true;
}

static void find_lives(struct picture *p)
{
	for (size_t i = 0; i < p->what->nsteps; i++) {
		struct lane *lane;

		assert(p->what->steps[i].lane < p->what->nlanes);
		lane = &p->lane[p->what->steps[i].lane];
		if (!lane->shown)
			lane->first = i;
		lane->shown = true;
		lane->last = i;
	}
}

static void lay_out(struct picture *p)
{
	size_t n = 0, longest = 0, column, width;

	p->margin = p->what->number ? strlen(p->what->number) + 2 : 0;
	column = p->margin;
	width = p->width - p->margin;
	for (unsigned i = 0; i < p->what->nlanes; i++) {
		size_t len = strnlen(p->what->lanes[i], NAME_MAX_SHOWN);

		n += p->lane[i].shown;
		if (p->lane[i].shown && len > longest)
			longest = len;
	}
	p->stride = n > 1 ? (width - TEXT_MIN) / (n - 1) : STRIDE_MAX;
	if (p->stride > STRIDE_MAX)
		p->stride = STRIDE_MAX;
	p->gutter = n > 1 && p->stride < longest + 2;
	if (p->gutter) {
		/* 0: too many even for that; only the names are left. */
		p->stride = n * 2 <= width / 3 ? 2 : n <= width / 3;
		p->name = p->margin + n * p->stride + 1;
		p->text = p->name + longest + 2;
	}
	for (unsigned i = 0; i < p->what->nlanes; i++) {
		p->lane[i].column = column;
		column += p->lane[i].shown ? p->stride : 0;
	}
}

/* ---- lines ---- */

/* What stands in the column of a lane beside a step of another one. */
static char beside(const struct picture *p, unsigned lane, size_t step)
{
	const struct lane *l = &p->lane[lane];

	if (!l->shown || p->what->steps[step].lane == lane)
		return ' ';
	if (p->what->steps[step].holds >> lane & 1)
		return '#';
	return l->first < step && step < l->last ? '|' : ' ';
}

static void put_colored(const struct picture *p, const char *text, size_t len,
			const char *color)
{
	fputs(p->color ? color : "", p->out);
	text_put(p->out, text, len);
	fputs(p->color ? "\033[0m" : "", p->out);
}

/* Red is kept for the violation. */
static const char *step_color(const struct report_step *step)
{
	static const char *const colors[] = { "\033[36m", "\033[33m",
					      "\033[32m", "\033[35m",
					      "\033[34m" };

	if (step->fatal)
		return "\033[1;31m";
	return colors[step->lane % (sizeof(colors) / sizeof(colors[0]))];
}

/* The letter of a file; those past the last letter are all one. */
static char letter(unsigned file)
{
	return ".ABCDEFGHIJKLMNOPQRSTUVWXYZ+"[file <= 26 ? file : 27];
}

/* In the gutter; the name where it is another than in the row above. */
static void draw_actor(const struct picture *p, const struct line *line,
		       char *row)
{
	const struct report_step *step = &p->what->steps[line->step];
	const char *name = p->what->lanes[step->lane];
	char *mark = &row[p->lane[step->lane].column];

	*mark = line->first ? '*' : '|';
	if (line->first && (step->switched || !line->step))
		memcpy(row + p->name, name, strnlen(name, NAME_MAX_SHOWN));
}

static void draw_line(const struct picture *p, const struct line *line)
{
	const struct report_step *step = &p->what->steps[line->step];
	size_t end = line->at + line->len;
	char row[WIDTH_MAX + 1];
	size_t used = p->width;

	memset(row, ' ', sizeof(row));
	for (unsigned i = 0; i < p->what->nlanes; i++)
		if (p->lane[i].shown)
			row[p->lane[i].column] = beside(p, i, line->step);
	if (p->gutter)
		draw_actor(p, line, row);
	if (p->margin)
		row[p->margin - 3] = letter(step->file);
	/* A space sets the text apart from the lanes to its right. */
	row[end] = ' ';
	while (used > end && row[used - 1] == ' ')
		used--;
	fwrite(row, 1, line->at, p->out);
	put_colored(p, line->text, line->len, step_color(step));
	if (used > end)
		fwrite(row + end, 1, used - end, p->out);
	putc('\n', p->out);
}

/* ---- steps ---- */

static const char *step_text(const struct report_step *step, char *buf)
{
	const char *detail = step->detail ? step->detail : "";
	bool apart = *detail && *detail != '(' && *detail != ' ';

	snprintf(buf, STEP_MAX, "%s%s%.60s%s%.400s%s",
		 step->critical ? "! " : "", step->inner ? ". " : "",
		 step->call, apart ? " " : "", detail,
		 step->fatal ? "  <--" : "");
	return buf;
}

static void draw_step(const struct picture *p, size_t i)
{
	const struct report_step *step = &p->what->steps[i];
	size_t at = p->gutter ? p->text : p->lane[step->lane].column;
	char buf[STEP_MAX];
	const char *text = step_text(step, buf);
	struct line line = {
		.step = i,
		.first = true,
		.at = at + (step->inner ? 2 : 0),
	};

	while (*text) {
		line.text = text;
		line.len = text_line(text, p->width - line.at);
		draw_line(p, &line);
		text = text_rest(text, line.len);
		line.at = at + 4;
		line.first = false;
	}
}

static void draw_time(const struct picture *p, size_t i)
{
	uint64_t before = i ? p->what->steps[i - 1].now_ns : 0;
	uint64_t now = p->what->steps[i].now_ns;
	char time[32];

	if (now > before)
		fprintf(p->out, "-- %s pass --\n",
			report_duration(now - before, time, sizeof(time)));
}

/* ---- the whole ---- */

static void draw_margin(const struct picture *p, const char *text)
{
	fprintf(p->out, "%-*s", (int)p->margin, text);
}

static void draw_names(const struct picture *p)
{
	size_t at = p->margin;

	draw_margin(p, p->margin ? p->what->number : "");
	for (unsigned i = 0; i < p->what->nlanes; i++) {
		const char *name = p->what->lanes[i];
		size_t len = strnlen(name, NAME_MAX_SHOWN);

		if (!p->lane[i].shown)
			continue;
		fprintf(p->out, "%*s", (int)(p->lane[i].column - at), "");
		text_put(p->out, name, len);
		at = p->lane[i].column + len;
	}
	putc('\n', p->out);
}

/* A line for each name, on top of its column of the gutter. */
static void draw_stairs(const struct picture *p)
{
	for (unsigned i = 0; i < p->what->nlanes; i++) {
		if (!p->lane[i].shown)
			continue;
		draw_margin(p, p->margin && p->lane[i].column == p->margin ?
				       p->what->number :
				       "");
		for (size_t at = p->margin; at < p->lane[i].column;
		     at += p->stride)
			fprintf(p->out, "%-*s", (int)p->stride, "|");
		text_put(p->out, p->what->lanes[i],
			 strnlen(p->what->lanes[i], NAME_MAX_SHOWN));
		putc('\n', p->out);
	}
}

static void draw_header(const struct picture *p)
{
	fputs(p->color ? "\033[1m" : "", p->out);
	if (!p->gutter)
		draw_names(p);
	else if (p->stride)
		draw_stairs(p);
	fputs(p->color ? "\033[0m" : "", p->out);
}

static void draw_legend(const struct picture *p, const char *mark,
			const char *text)
{
	if (!text)
		return;
	fputs(mark, p->out);
	text_wrap(p->out, text, strlen(mark), p->width);
}

static void draw_files(const struct picture *p)
{
	const struct report_interleaving *what = p->what;
	char mark[] = "A ";
	char text[STEP_MAX];

	for (unsigned i = 0; what->number && i < what->nfiles; i++) {
		mark[0] = letter(i + 1);
		snprintf(text, sizeof(text), "%s is %s", what->number,
			 what->files[i]);
		draw_legend(p, mark, text);
	}
}

static void draw_end(const struct picture *p)
{
	const struct report_interleaving *what = p->what;

	if (!what->nsteps && !what->lost)
		fputs("(no steps)\n", p->out);
	if (what->lost)
		fprintf(p->out, "(%zu more step%s, not recorded)\n", what->lost,
			what->lost == 1 ? "" : "s");
	if (!what->verdict)
		return;
	putc('\n', p->out);
	fputs(p->color ? "\033[1m" : "", p->out);
	text_wrap(p->out, what->verdict, 0, p->width);
	fputs(p->color ? "\033[0m" : "", p->out);
	draw_legend(p, "! ", what->critical);
	draw_legend(p, "# ", what->held);
	draw_files(p);
}

void report_interleaving(FILE *out, const struct report_interleaving *what,
			 unsigned width, bool color)
{
	struct picture p = {
		.out = out,
		.what = what,
		.width = width < WIDTH_MIN ? WIDTH_MIN :
			 width > WIDTH_MAX ? WIDTH_MAX :
					     width,
		.color = color,
	};

	assert(what->nlanes <= REPORT_LANES_MAX);
	if (what->nsteps) {
		find_lives(&p);
		find_holders(&p);
		lay_out(&p);
		draw_header(&p);
	}
	for (size_t i = 0; i < what->nsteps; i++) {
		draw_time(&p, i);
		draw_step(&p, i);
	}
	draw_end(&p);
}
