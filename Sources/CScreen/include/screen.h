/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal as a screen, by ncurses: behind functions, as its macros and
 * global variables are out of Swift's reach.
 */
#ifndef SCREEN_H
#define SCREEN_H

enum bfa_style {
	BFA_STYLE_PLAIN,
	BFA_STYLE_BOLD,
	BFA_STYLE_REVERSE,
};

/* Keys that are no characters. */
enum bfa_key {
	BFA_KEY_NONE = -1,
	BFA_KEY_UP = 0x110000, /* above all characters */
	BFA_KEY_DOWN,
	BFA_KEY_PAGE_UP,
	BFA_KEY_PAGE_DOWN,
	BFA_KEY_HOME,
	BFA_KEY_END,
	BFA_KEY_ENTER,
	BFA_KEY_BACKSPACE,
	BFA_KEY_ESCAPE,
	BFA_KEY_RESIZE, /* the terminal has another size now */
	BFA_KEY_OTHER,
};

/*
 * Takes the terminal of standard output, with the keys of standard input or of
 * the controlling terminal. 0; -1: there is no terminfo entry for it, or no keys.
 */
int bfa_screen_open(void);

/* Leaves the terminal as it was. */
void bfa_screen_close(void);

int bfa_screen_rows(void);
int bfa_screen_columns(void);

/* The descriptor that is readable when there are keys. */
int bfa_screen_descriptor(void);

void bfa_screen_clear(void);

/* Puts a string of UTF-8 at the beginning of a row, cut at the edge; with a style, the whole row has it. */
void bfa_screen_put(int row, const char *text, enum bfa_style style);

/* Shows what was put since the last time. */
void bfa_screen_show(void);

/* The next key that was pressed, a character or enum bfa_key. */
int bfa_screen_key(void);

#endif
