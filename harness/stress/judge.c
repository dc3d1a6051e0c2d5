/* SPDX-License-Identifier: MIT */
#include "stress/stress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What makes a run worthless, whatever it counted; false: nothing. */
static bool failure(const struct rig_stress *r, char *why, size_t len)
{
	const struct rig_tally *tally[] = { &r->test, &r->positive,
					    &r->negative };

	for (int i = 0; i < 3; i++) {
		if (!tally[i]->errors)
			continue;
		snprintf(why, len, "%s", tally[i]->error);
		return true;
	}
	if (r->negative.hits) {
		snprintf(why, len,
			 "not this race: %s, which is sound, was hit %" PRIu64
			 " times in %" PRIu64 " attempts",
			 r->negative_fix, r->negative.hits,
			 r->negative.attempts);
		return true;
	}
	if (!r->test.attempts && r->test.refused) {
		snprintf(why, len,
			 "no attempt could be made: the system refused a "
			 "process %" PRIu64 " times",
			 r->test.refused);
		return true;
	}
	return false;
}

static enum rig_stress_end unjudged(const struct rig_stress *r, char *why,
				    size_t len)
{
	const struct rig_tally *control = r->test_is_positive ? &r->test :
								&r->positive;

	if (*r->immune)
		snprintf(why, len, "%s", r->immune);
	else if (r->interrupted)
		snprintf(why, len,
			 "interrupted before the unfixed variant was hit");
	else
		snprintf(why, len,
			 "the unfixed variant was not hit either, in %" PRIu64
			 " attempts",
			 control->attempts);
	return RIG_STRESS_UNJUDGED;
}

/* Of a run that breaks the condition of the fix, it says so. */
static const char *broken_condition(const struct rig_stress *r)
{
	return r->breaks_every_fork ?
		       "; the run breaks the fix's condition that every fork "
		       "goes through the runtime" :
	       r->breaks_no_mapping ?
		       "; the run breaks the fix's condition that nobody maps "
		       "the file" :
		       "";
}

void rig_tally_add(struct rig_tally *tally, const char *outcome, uint64_t n)
{
	tally->hits += n;
	for (int i = 0; i < RIG_HIT_KINDS_MAX; i++) {
		struct rig_hits *kind = &tally->kind[i];

		if (kind->outcome && strcmp(kind->outcome, outcome) != 0)
			continue;
		kind->outcome = outcome;
		kind->n += n;
		break;
	}
}

enum rig_stress_end rig_stress_judge(const struct rig_stress *r, char *why,
				     size_t len)
{
	if (failure(r, why, len))
		return RIG_STRESS_FAILED;
	if (r->test.hits) {
		snprintf(why, len, "hit on this kernel%s", broken_condition(r));
		return RIG_STRESS_HIT;
	}
	if (!r->test.attempts || !r->positive.hits)
		return unjudged(r, why, len);
	snprintf(why, len, "no hit%s, while the unfixed variant was hit",
		 r->interrupted ? " until the interruption" : "");
	return RIG_STRESS_CLEAN;
}
