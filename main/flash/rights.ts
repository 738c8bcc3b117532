/** What lets a user write cards; continues a sentence. The doctor knows how this station was installed. */
export const rightsAdvice = 'have the administrator run what the doctor names ("imprint doctor", or Ctrl+H in the window), then sign in again';
