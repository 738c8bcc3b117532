/**
 * Every word of the window stands in renderer/texts: in a component it would be English in every language.
 * tests/unit/languages.test.ts breaks each of these once.
 */

/** Two letters make a word; `×`, `%` and a lone unit do not. */
const word = '/\\p{L}{2}/u';
/** What a person reads or hears of an element. */
const said = '/^(aria-(label|description|placeholder|roledescription|valuetext|braillelabel)|title|placeholder|alt|label|abbr)$/';
const message = 'Words of the window stand in renderer/texts*.ts, so that every language has them.';

/** @type {readonly {selector: string, message: string}[]} */
export const windowWords = [
  // The names of keys are what is printed on them; those that differ go through keyNames().
  { selector: `:not(JSXElement[openingElement.name.name='kbd']) > JSXText[value=${word}]`, message },
  { selector: `JSXAttribute[name.name=${said}] Literal[value=${word}]:not(CallExpression > Literal):not(MemberExpression > Literal):not(BinaryExpression > Literal)`, message },
  { selector: `JSXAttribute[name.name=${said}] TemplateElement[value.raw=${word}]:not(CallExpression > TemplateLiteral > TemplateElement)`, message },
  { selector: `:matches(JSXElement, JSXFragment) > JSXExpressionContainer > Literal[value=${word}]`, message },
  { selector: `:matches(JSXElement, JSXFragment) > JSXExpressionContainer > :matches(ConditionalExpression, LogicalExpression) > Literal[value=${word}]:not(BinaryExpression > Literal)`, message },
  { selector: `:matches(JSXElement, JSXFragment) > JSXExpressionContainer > TemplateLiteral > TemplateElement[value.raw=${word}]`, message },
  { selector: "CallExpression[callee.property.name=/^(toLocale(String|DateString|TimeString))$/]", message: 'Numbers and moments are written by renderer/logic/format.ts, in the way of the language.' },
  {
    selector: ":matches(JSXExpressionContainer, ConditionalExpression, TemplateLiteral, Property) > MemberExpression[property.name='sentence']:matches([object.name=/^(error|problem|refusal)$/], [object.property.name='error'])",
    message: 'Main’s sentence is English: an error is shown by <ErrorText>, <ErrorPanel> or refused(), which say it in the window’s language first.',
  },
];
