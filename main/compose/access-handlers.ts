import type { AccessMethods } from '../contract/access-channel';
import type { Language } from '../domain/languages';
import { usualIdleMinutes } from '../domain/operators';
import type { Handlers } from '../ipc/remote-procedures';
import { addOperator, changeOperator, setIdleMinutes, type OperatorDoors } from '../station/operators';
import type { Presence } from './presence';

/** What the page may call about who is here and who may sign in. The view of it needs the bench, and is main's. */
export type AccessHandlers = Omit<Handlers<AccessMethods>, 'access'>;

/** @param hasRecord whether there is a record: it is not made by being asked */
export function accessHandlers(presence: Presence, doors: OperatorDoors, hasRecord: () => boolean, setLanguage: (language: Language) => void): AccessHandlers {
  return {
    signIn: ({ claim, pin }) => presence.signIn(claim, pin),
    lock: () => {
      presence.lock();
    },
    setLanguage: ({ language }) => {
      setLanguage(language);
    },
    setUp: ({ admin }) => presence.setUp(admin),
    operators: async () => {
      if (!hasRecord()) return { mode: presence.mode, idleMinutes: usualIdleMinutes, operators: [] };
      const { mode, idleMinutes } = await doors.operators.accessSettings();
      return { mode, idleMinutes, operators: [...(await doors.operators.operators())] };
    },
    makeFirstAdmin: (admin) => presence.beginOperators(admin),
    addOperator: (operator) => addOperator(doors, presence.actor, operator),
    changeOperator: ({ name, change }) => changeOperator(doors, presence.actor, name, change),
    setIdleMinutes: async ({ minutes }) => {
      await setIdleMinutes(doors, presence.actor, minutes);
      await presence.reread();
    },
    changeMyPin: ({ pin, newPin }) => presence.changeMyPin(pin, newPin),
  };
}
