/* SPDX-License-Identifier: MIT */
/*
 * Checks a JSON document from standard input, with a parser that is not ours:
 *
 *	cli_json results.*.executions=integer results.0.verdict=string:PROVED
 *
 * Every argument is PATH=TYPE or PATH=TYPE:VALUE. A path is made of keys and
 * of indices into arrays; "*" stands for every element, of which there must be
 * one at least. TYPE is object, array, string, integer, number, bool or null,
 * or several of them with bars between. Exit status 1, and a line on standard error
 * for each check that fails.
 */
#include <jansson.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_name[] = {
	[JSON_OBJECT] = "object", [JSON_ARRAY] = "array",
	[JSON_STRING] = "string", [JSON_INTEGER] = "integer",
	[JSON_REAL] = "real",     [JSON_TRUE] = "bool",
	[JSON_FALSE] = "bool",    [JSON_NULL] = "null",
};

/* Is name one of those in list, which have bars between and end at a colon? */
static bool listed(const char *list, const char *name)
{
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, "|:");
		if (len == strlen(name) && !strncmp(list, name, len))
			return true;
		if (list[len] != '|')
			return false;
	}
}

static bool type_is(const json_t *value, const char *types)
{
	return listed(types, type_name[json_typeof(value)]) ||
	       (json_is_number(value) && listed(types, "number"));
}

static bool value_is(const json_t *value, const char *expected)
{
	char number[32];

	if (json_is_string(value))
		return !strcmp(json_string_value(value), expected);
	if (json_is_boolean(value))
		return !strcmp(json_is_true(value) ? "true" : "false",
			       expected);
	snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		 json_integer_value(value));
	return json_is_integer(value) && !strcmp(number, expected);
}

static bool complain(const char *check, const char *why)
{
	fprintf(stderr, "%s: %s\n", check, why);
	return false;
}

static bool check_value(const json_t *value, const char *check,
			const char *types)
{
	const char *expected = strchr(types, ':');

	if (!type_is(value, types))
		return complain(check, type_name[json_typeof(value)]);
	if (expected && !value_is(value, expected + 1))
		return complain(check, "another value");
	return true;
}

static const json_t *member(const json_t *value, const char *key, size_t len)
{
	char name[64];
	char *end;
	size_t index;

	if (len >= sizeof(name))
		return NULL;
	memcpy(name, key, len);
	name[len] = '\0';
	if (json_is_object(value))
		return json_object_get(value, name);
	index = strtoul(name, &end, 10);
	return len && !*end ? json_array_get(value, index) : NULL;
}

/* path: what is left of the check from value on, "=TYPE" at the end. */
static bool check_path(const json_t *value, const char *check, const char *path)
{
	size_t len = strcspn(path, ".=");
	const char *rest = path + len + (path[len] == '.');
	bool good = true;

	if (!len && *path == '=')
		return check_value(value, check, path + 1);
	if (len != 1 || *path != '*') {
		value = member(value, path, len);
		return value ? check_path(value, check, rest) :
			       complain(check, "missing");
	}
	if (!json_array_size(value))
		return complain(check, "no elements");
	for (size_t i = 0; i < json_array_size(value); i++)
		good = check_path(json_array_get(value, i), check, rest) &&
		       good;
	return good;
}

int main(int argc, char **argv)
{
	json_error_t error;
	json_t *document = json_loadf(stdin, JSON_REJECT_DUPLICATES, &error);
	bool good = document != NULL;

	if (!document)
		fprintf(stderr, "line %d: %s\n", error.line, error.text);
	for (int i = 1; document && i < argc; i++) {
		if (strchr(argv[i], '='))
			good = check_path(document, argv[i], argv[i]) && good;
		else
			good = complain(argv[i], "PATH=TYPE is expected");
	}
	json_decref(document);
	return good ? 0 : 1;
}
