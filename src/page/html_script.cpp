#include "page/html_viewer.hpp"

namespace osler::page {

const char kViewerScript[] = R"js(
'use strict';
(() => {
  const at = id => document.getElementById(id);
  const data = JSON.parse(at('slices-data').textContent);
  const viewer = at('viewer'), stage = at('stage'), grey = at('grey'), overlay = at('overlay');
  const range = at('slice'), words = at('words'), opacity = at('opacity');
  const count = data.slices.length;
  const buttons = [];
  let current = -1, picked = '';

  const shape = (name, attributes) => {
    const element = document.createElementNS(overlay.namespaceURI, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    return element;
  };

  const describe = index => {
    const slice = data.slices[index], wanted = picked.split(' ');
    const asked = outline => wanted.includes(String(outline[0]));
    const names = [...slice.outlines.filter(asked), ...slice.outlines.filter(o => !asked(o))]
      .map(outline => data.segments[outline[0]].name);
    const more = names.length > 4 ? names.splice(3).length : 0;
    return `Slice ${index + 1} of ${count}, ${slice.place}: ` +
      (names.join('; ') || 'no structure') + (more ? `; and ${more} more` : '');
  };

  const drawOutlines = () => {
    const wanted = new Set(picked.split(' ').filter(Boolean));
    const paths = [], numbers = [];
    for (const [segment, path, x, y] of data.slices[current].outlines) {
      const out = wanted.has(String(segment)) ? 'out' : wanted.size ? 'back' : '';
      const colour = data.segments[segment].colour;
      const drawn = shape('path', { d: path, fill: colour, stroke: colour, class: out });
      const title = shape('title', {});
      title.textContent = data.segments[segment].name;
      drawn.append(title);
      paths.push(drawn);
      const number = shape('text', { x, y, class: out });
      number.textContent = segment;
      numbers.push(number);
    }
    overlay.replaceChildren(...paths, ...numbers);
    const here = new Set(data.slices[current].outlines.map(outline => String(outline[0])));
    for (const button of buttons) {
      const segments = button.dataset.segments.split(' ');
      button.setAttribute('aria-pressed', String(button.dataset.segments === picked));
      button.classList.toggle('here', segments.some(segment => here.has(segment)));
    }
  };

  const show = index => {
    current = Math.min(count - 1, Math.max(0, index));
    index = current;
    range.value = index + 1;
    grey.src = 'data:image/jpeg;base64,' + data.grey[index];
    const text = describe(index);
    grey.alt = 'Axial slice ' + (index + 1);
    // The slider says it itself while it has the focus.
    words.setAttribute('aria-live', document.activeElement === range ? 'off' : 'polite');
    words.textContent = text;
    range.setAttribute('aria-valuetext', text);
    drawOutlines();
  };

  const pick = button => {
    picked = picked === button.dataset.segments ? '' : button.dataset.segments;
    show(Number(button.dataset.slice));
    if (viewer.contains(button)) return;
    stage.scrollIntoView({ block: 'center' });
    range.focus({ preventScroll: true });
  };

  for (const name of document.querySelectorAll('[data-slice]')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'jump ' + name.className;
    button.title = 'Show on its largest slice';
    Object.assign(button.dataset, name.dataset);
    button.append(...name.childNodes);
    button.addEventListener('click', () => pick(button));
    name.replaceWith(button);
    buttons.push(button);
  }

  range.addEventListener('input', () => show(Number(range.value) - 1));
  at('shown').addEventListener('change', event => {
    overlay.classList.toggle('off', !event.target.checked);
  });
  const fade = () => overlay.style.setProperty('--opacity', opacity.value / 100);
  opacity.addEventListener('input', fade);

  let drag = null;
  stage.addEventListener('pointerdown', event => {
    drag = { x: event.clientX, index: current };
    stage.setPointerCapture(event.pointerId);
  });
  // Neither picks the picture up nor takes the focus off the slider.
  stage.addEventListener('mousedown', event => {
    event.preventDefault();
    range.focus({ preventScroll: true });
  });
  stage.addEventListener('pointermove', event => {
    if (!drag) return;
    const step = Math.max(4, stage.clientWidth / count);
    const wanted = drag.index + Math.round((event.clientX - drag.x) / step);
    if (wanted !== current) show(wanted);
  });
  for (const end of ['pointerup', 'pointercancel']) {
    stage.addEventListener(end, () => { drag = null; });
  }
  let turned = 0;
  stage.addEventListener('wheel', event => {
    if (event.ctrlKey || document.activeElement !== range) return;
    turned += event.deltaMode === 0 ? event.deltaY : 40 * event.deltaY;
    const steps = Math.trunc(turned / 40);
    turned -= 40 * steps;
    const next = current - steps;
    if (next < 0 || next >= count) return;
    event.preventDefault();
    if (steps) show(next);
  }, { passive: false });

  const follow = () => {
    const wanted = /^#slice-(\d+)$/.exec(location.hash);
    if (!wanted) return false;
    show(Number(wanted[1]) - 1);
    viewer.scrollIntoView();
    return true;
  };
  window.addEventListener('hashchange', follow);

  const box = overlay.viewBox.baseVal, ratio = box.width / box.height;
  viewer.hidden = false;
  stage.style.maxWidth = `min(100%, calc(76vh * ${ratio}))`;
  // Numbers keep their size on the screen, whatever the picture's is.
  const scale = () => {
    const unit = box.width / Math.max(1, stage.clientWidth);
    overlay.style.setProperty('--unit', unit);
  };
  new ResizeObserver(scale).observe(stage);
  scale();
  fade();
  const fullest = data.slices.reduce((best, slice, index) =>
    slice.outlines.length > data.slices[best].outlines.length ? index : best, 0);
  if (!follow()) show(fullest);
})();
)js";

}  // namespace osler::page
