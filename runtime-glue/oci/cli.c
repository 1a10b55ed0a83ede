/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime-glue/oci/cli.h"

#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"

/* Of what one word says: "--NAME", "--NAME=VALUE", "-L". */
struct spelled {
	const char *word; /* for messages */
	const char *name;
	size_t len;
	const char *value; /* behind '=', or NULL */
};

/* Whether @word is an option at all: "-" alone is an argument. */
static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

static struct spelled spell(const char *word)
{
	const char *name = word + (word[1] == '-' ? 2 : 1);
	const char *equals = strchr(name, '=');

	return (struct spelled){
		.word = word,
		.name = name,
		.len = equals ? (size_t)(equals - name) : strlen(name),
		.value = equals ? equals + 1 : NULL,
	};
}

static bool is_name(const struct spelled *spelled, const char *name)
{
	return strlen(name) == spelled->len &&
	       memcmp(name, spelled->name, spelled->len) == 0;
}

/*
 * One dash or two make no difference, as for runc's parser. With @letters, one
 * dash is for letters only, as for docker's: "-ip" is -i and -p, not --ip.
 */
static const struct cli_option *find(const struct cli_option *options,
				     const struct spelled *spelled,
				     bool letters)
{
	bool named = !letters || spelled->word[1] == '-';

	for (; options->name; options++)
		if ((named && is_name(spelled, options->name)) ||
		    (options->letter && spelled->len == 1 &&
		     spelled->name[0] == options->letter))
			return options;
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_option *options,
					    char letter)
{
	for (; options->name; options++)
		if (options->letter && options->letter == letter)
			return options;
	return NULL;
}

static bool is_among(const char *word, const char *const *words)
{
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

static int parse_bool(const struct spelled *spelled, bool *out, struct err *err)
{
	static const char *const yes[] = { "true", "1",    "t", "T",
					   "TRUE", "True", NULL };
	static const char *const no[] = { "false", "0",     "f", "F",
					  "FALSE", "False", NULL };

	*out = is_among(spelled->value, yes);
	if (*out || is_among(spelled->value, no))
		return 0;
	return err_set(err, CNI_E_FIELD,
		       "option %s: \"%s\" is neither true nor false",
		       spelled->word, spelled->value);
}

/* Whether @word is one of those in @choices, "a|b|c". */
static bool is_choice(const char *choices, const char *word)
{
	size_t len = strlen(word);

	while (choices && *choices) {
		size_t n = strcspn(choices, "|");

		if (n == len && strncmp(choices, word, n) == 0)
			return true;
		choices += n + (choices[n] == '|');
	}
	return false;
}

static int append(struct spec_strings *list, const char *value, int room,
		  struct err *err)
{
	/* No more than there are words; so it never has to grow. */
	if (!list->at)
		list->at = calloc((size_t)room, sizeof(*list->at));
	if (!list->at)
		return err_nomem(err);
	list->at[list->count++] = value;
	return 0;
}

static bool takes_word(const struct cli_option *option, const char *next)
{
	switch (option->kind) {
	case CLI_FLAG:
		return false;
	case CLI_MAYBE:
		return next && strchr(option->argument, '|') &&
		       is_choice(option->argument, next);
	case CLI_TEXT:
	case CLI_NUMBER:
	case CLI_LIST:
		return true;
	}
	return false;
}

static int store(const struct cli_option *option, const struct spelled *spelled,
		 int room, void *out, struct err *err)
{
	char *at = (char *)out + option->offset;
	const char *text = spelled->value ?: "";

	switch (option->kind) {
	case CLI_FLAG:
		if (spelled->value)
			return parse_bool(spelled, (bool *)at, err);
		*(bool *)at = true;
		return 0;
	case CLI_MAYBE:
	case CLI_TEXT:
		memcpy(at, &text, sizeof(text));
		return 0;
	case CLI_NUMBER: {
		int64_t value = 0;
		int r = cli_number(spelled->word, spelled->value, INT64_MIN,
				   INT64_MAX, &value, err);

		memcpy(at, &value, sizeof(value));
		return r;
	}
	case CLI_LIST: {
		struct spec_strings list;
		int r;

		memcpy(&list, at, sizeof(list));
		r = append(&list, spelled->value, room, err);
		memcpy(at, &list, sizeof(list));
		return r;
	}
	}
	return 0;
}

/* @option, with its value if that is the next word. */
static int take(const struct cli_option *option, struct spelled *spelled,
		struct cli_words *words, void *out, struct err *err)
{
	const char *next =
		words->at < words->argc ? words->argv[words->at] : NULL;

	if (!spelled->value && takes_word(option, next)) {
		if (!next)
			return err_set(err, CNI_E_FIELD,
				       "option %s needs a value",
				       spelled->word);
		spelled->value = next;
		words->at++;
	}
	return store(option, spelled, words->argc, out, err);
}

/*
 * Letters behind one dash: flags, and at last one with a value, which is what
 * is left of the word, or the next one ("-it", "-p8080:80", "-itp 80:80").
 */
static int take_letters(const struct cli_option *options,
			struct spelled *spelled, struct cli_words *words,
			void *out, struct err *err)
{
	int r = 0;

	for (const char *at = spelled->word + 1; r == 0 && *at; at++) {
		const struct cli_option *option = find_letter(options, *at);

		if (!option && *at == 'h')
			return CLI_HELP;
		if (!option)
			return err_set(err, CNI_E_FIELD,
				       "option provided but not defined: "
				       "-%c in %s",
				       *at, spelled->word);
		spelled->value = NULL;
		if (at[1] == '=')
			spelled->value = at + 2;
		else if (at[1] && option->kind != CLI_FLAG)
			spelled->value = at + 1;
		r = take(option, spelled, words, out, err);
		if (spelled->value)
			break;
	}
	return r;
}

/* The option at @words->at, with its value. */
static int parse_one(const struct cli_option *options, struct cli_words *words,
		     void *out, struct err *err)
{
	struct spelled spelled = spell(words->argv[words->at++]);
	const struct cli_option *option =
		find(options, &spelled, words->letters);

	if (option)
		return take(option, &spelled, words, out, err);
	if (is_name(&spelled, "help") || is_name(&spelled, "h"))
		return CLI_HELP;
	if (spelled.word[1] != '-' && spelled.word[2] != '=' &&
	    spelled.word[2] && find_letter(options, spelled.word[1]))
		return take_letters(options, &spelled, words, out, err);
	return err_set(err, CNI_E_FIELD, "option provided but not defined: %s",
		       spelled.word);
}

/* Move the argument at @at in front of the options since @first. */
static void move_forward(char **argv, int first, int at)
{
	char *word = argv[at];

	memmove(&argv[first + 1], &argv[first],
		(size_t)(at - first) * sizeof(*argv));
	argv[first] = word;
}

/*
 * With @anywhere the words are, at all times: options that were read | then
 * arguments | then what is to be read. So that an option's words go to the end
 * of the first part, arguments are rotated behind them.
 */
int cli_parse(const struct cli_option *options, bool anywhere,
	      struct cli_words *words, void *out, struct err *err)
{
	int first = words->at;
	int r = 0;

	while (r == 0 && words->at < words->argc) {
		int from = words->at;

		if (strcmp(words->argv[from], "--") == 0) {
			/* Behind the arguments so far, it is dropped. */
			for (; from > first; from--)
				words->argv[from] = words->argv[from - 1];
			first++;
			break;
		}
		if (!is_option(words->argv[from])) {
			if (!anywhere)
				break;
			words->at++;
			continue;
		}
		r = parse_one(options, words, out, err);
		for (; from < words->at; from++)
			move_forward(words->argv, first++, from);
	}
	words->at = first;
	return r;
}

void cli_release(const struct cli_option *options, void *out)
{
	for (; options->name; options++) {
		struct spec_strings list;

		if (options->kind != CLI_LIST)
			continue;
		memcpy(&list, (char *)out + options->offset, sizeof(list));
		free(list.at);
		/* Another name of the same option is in the table, too. */
		memset((char *)out + options->offset, 0, sizeof(list));
	}
}

void cli_print_options(const struct cli_option *options)
{
	bool host = find_letter(options, 'h') != NULL;
	char left[80];

	for (; options->name; options++) {
		const char *argument = options->argument;
		bool maybe = options->kind == CLI_MAYBE;

		if (!options->help)
			continue;
		(void)snprintf(left, sizeof(left), "--%s%s%s%s%s%c",
			       options->name,
			       argument ? (maybe ? "[=" : " ") : "",
			       argument ?: "", argument && maybe ? "]" : "",
			       options->letter ? ", -" : "",
			       options->letter ?: '\0');
		(void)printf("   %-34s %s\n", left, options->help);
	}
	(void)printf("   %-34s %s\n", host ? "--help" : "--help, -h",
		     "show this");
}
