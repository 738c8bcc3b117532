import { languages } from '../../domain/languages';
import { stationFolder } from '../station-folder';
import { keepLanguage, stationSettings } from '../station-settings';
import { usage, type Command } from './arguments';

const forms = `language, or language with one of ${languages.join(', ')}, system`;

/** `language [TAG | system]`: in which language the window of this station speaks. An open window keeps its own until it is started again. */
export const languageCommand: Command = ({ dataFolder, output, positionals }) => {
  const { root } = stationFolder(dataFolder, false);
  const [wanted, ...more] = positionals;
  if (more.length > 0) throw usage(`"${more.join(' ')}" is one word too many.`, forms);
  if (wanted !== undefined) {
    const language = languages.find((each) => each.toLowerCase() === wanted.toLowerCase());
    if (language === undefined && wanted !== 'system') throw usage(`The window does not speak "${wanted}".`, forms);
    keepLanguage(root, language);
  }
  const { language = 'system' } = stationSettings(root);
  output.emit({ event: 'result', language });
  output.print(language === 'system' ? 'The window speaks what the system does, or English.' : `The window speaks ${language}.`);
  return Promise.resolve(0);
};
