// Renders formulas to HTML with MathML: a JSON list of {tex, display} on stdin, a list of {html} or {error} on
// stdout. One process serves the whole site, because starting Node takes longer than all its formulas.
import { readFileSync } from 'node:fs';
import katex from 'katex';

const render = ({ tex, display }) => {
  try {
    const options = { displayMode: display, output: 'htmlAndMathml', strict: 'error', throwOnError: true };
    return { html: katex.renderToString(tex, options) };
  } catch (error) {
    return { error: error.message };
  }
};

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(render)));
