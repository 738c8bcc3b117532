/** Composition root of the command line: the same use cases and the same processes as the window, without one. */
import { commandLine } from './compose/command-line';
import { ownArguments } from './compose/started-as';

commandLine(ownArguments());
