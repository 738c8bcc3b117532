import { useId } from 'react';
import type { OperatorRole } from '../contract';
import { Icon } from '../frame/icons';
import { ErrorText } from '../frame/said';
import type { ShownError } from '../logic/of-main';
import { texts } from '../texts';

const { person: words } = texts.access;

/** All of them: one that is missing does not compile. */
const rolesWithMeaning: Readonly<Record<OperatorRole, string>> = words.roleMeanings;
const roles = Object.keys(rolesWithMeaning) as readonly OperatorRole[];

interface RoleSelectProps {
  /** Nothing is chosen for the person who chooses. */
  readonly role: OperatorRole | undefined;
  readonly onRole: (role: OperatorRole) => void;
  readonly error?: ShownError | undefined;
  readonly first?: boolean;
}

export function RoleSelect({ role, onRole, error, first = false }: RoleSelectProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{words.role}</label>
      <select
        id={id}
        required
        autoFocus={first}
        data-testid="person-role"
        value={role ?? ''}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-below`}
        onChange={(event) => {
          const chosen = roles.find((each) => each === event.target.value);
          if (chosen !== undefined) onRole(chosen);
        }}
      >
        {role === undefined ? <option value="">{words.chooseRole}</option> : null}
        {roles.map((each) => (
          <option key={each} value={each}>
            {texts.roles[each]}
          </option>
        ))}
      </select>
      {error === undefined ? (
        <p id={`${id}-below`} className="field__hint">
          {role === undefined ? words.roleHint : rolesWithMeaning[role]}
        </p>
      ) : (
        <p id={`${id}-below`} className="field__error" role="alert" data-testid="field-error">
          <Icon name="failed" />
          <ErrorText error={error} />
        </p>
      )}
    </div>
  );
}
