/** What lets a user write cards; continues a sentence. */
export const rightsAdvice = 'have the administrator run "sudo node scripts/install-udev-rule.mjs USER" once in the checkout of Imprint, with this user\'s name, then sign in again';
