/** Composition root of the command line: the same use cases and the same processes as the window, without one. */
import { commandLine, ownArguments } from './compose/command-line';

commandLine(ownArguments());
