// What a page does more where scripts run. Every page works without this file.
import { CharacterCount, initAll } from './govuk-frontend.min.js'
import { initAll as initAllMoj } from './moj-frontend.min.js'

// The server counts the UTF-16 units of the text as it is stored: without the white space
// around it, as Go's unicode.IsSpace has it. The value of a textarea has no CR.
const around = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g
CharacterCount.prototype.updateCount = function () {
  this.count = this.$textarea.value.replace(/\r\n/g, '\n').replace(around, '').length
}

initAll()
initAllMoj()

// The warning before the session ends. Every page of this user that is opened in another
// tab is a request too, and says so to the others.
const warning = document.getElementById('signing-out')
if (warning) {
  const { idle, left, warn, keepAlive } = warning.dataset
  const end = Date.now() + Number(left) * 1000
  const text = warning.querySelector('[data-text]')
  const stay = warning.querySelector('button')
  const tabs = new BroadcastChannel('session')
  let idleEnd

  const draw = () => {
    const seconds = Math.max(0, (Math.min(idleEnd, end) - Date.now()) / 1000)
    const minutes = Math.ceil(seconds / 60)
    const words = minutes === 0 ? 'You have been signed out.' : `You will be signed out in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`
    if (text.textContent !== words) text.textContent = words
    stay.hidden = end <= idleEnd || minutes === 0
    warning.hidden = seconds > Number(warn)
  }
  const requested = () => {
    idleEnd = Date.now() + Number(idle) * 1000
    draw()
  }
  stay.addEventListener('click', async () => {
    const answer = await fetch(keepAlive, { redirect: 'manual', cache: 'no-store' }).catch(() => null)
    if (!answer || !answer.ok) return
    requested()
    tabs.postMessage('requested')
  })
  tabs.addEventListener('message', requested)
  requested()
  // A page that refreshes itself is no request of its user.
  if (!document.querySelector('meta[http-equiv="refresh"]')) tabs.postMessage('requested')
  setInterval(draw, 1000)
}
