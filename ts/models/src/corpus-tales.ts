/**
 * Plain text for the corpus: short tales, descriptions, letters and instructions put together from sentence shapes.
 *
 * A tale has one `{hero}`, one `{friend}`, a `{home}` and an `{away}` that stay; every other slot is filled anew in each sentence.
 */

/** One kind of tale: how it begins, what may come between, how it ends. */
export type Tale = {
  readonly open: readonly string[];
  readonly body: readonly string[];
  readonly close: readonly string[];
};

const life: Tale = {
  open: [
    '{hero} was born in {month} {year} in {a:building} near {home}, the {day} child of a family of {roleplural}.',
    'Nobody in {home} remembers when {hero} came, only that {he} carried {a:thing} and asked for {dish}.',
    '{hero} learnt {his} trade in {home}, where the {guild} still speak of {him} with {a:mood} smile.',
    'In the year {year} {a:mood} child called {hero} was left at the door of the {home} {building} with {a:thing}.',
  ],
  body: [
    '{his} father (made|sold|mended) {object}s of {stuff}, and {his} mother kept {n} {animals} behind the {building}.',
    'At the age of {n} {he} could already (carve|cut|draw) {a:animal} out of {stuff} with {a:rough} {metal} knife.',
    '{friend}, who lived by the {building}, taught {him} to (read|count|write) from a book about {things}.',
    'One {weekday} in {month} {he} found {a:thing} under the {wood} tree, and from then on {he} {habit} every {weekday}.',
    'When the {weather} of {year} came, {he} gave {his} last {food} to the {animals} and slept in {a:vessel}.',
    '{he} (never|seldom|always) wore {a:garment}, (even|most of all|though not) {when}.',
    'The {guild} offered {him} {pricepaid} for the secret of {his} {stuff}, but {he} only laughed and {habit}.',
    'With {friend} {he} walked to {away} and back, {count} miles, to see {a:beast} that could (sing|dance|count).',
    '{he} married {person} of {town}, and at the wedding they served {dish}, {dish} and {n} jugs of {drink}.',
    'For {n} years {he} worked in the {building} of {away}, where the {metal} was {mood#2} and the {drink} was sour.',
    'People said that {he} could smell {weather} {n} days before it came, and that {his} {animals} could too.',
    '{he} kept {a:colour} book in which {he} wrote the price of {grain}, the names of {animals} and the words of {friend}.',
    'Once {he} lent {a:thing} to {who}, and had to walk as far as {town} to get it back.',
    'There was a quarrel with {who} about {n} {objects} of {fruits}, and it lasted until {season}.',
    'After the fire {he} built a new house of {rough} {stone} and {wood}, with a window of {colour} glass above the bed.',
  ],
  close: [
    '{he} died in {year}, and on the stone at {home} there is only {a:object} and {a:animal}.',
    'Today {a:thing} in the {building} of {home} is all that is left of {hero}.',
    'In {home} they still say of someone {mood} that he has eaten the {dish} of {hero}.',
    'When {friend} opened the chest of {hero} there was nothing in it but {n} {things} and some {spice}.',
  ],
};

const journey: Tale = {
  open: [
    'Before {time} on a {weekday} in {month}, {hero} and {friend} left {home} with {n} {animals} and {a:thing}.',
    'The road from {home} to {away} is {count} miles long, and {hero} meant to walk it before {season}.',
    '"If we start {when}," said {hero}, "we can be in {away} by {time}, even with the {animal}."',
    'Nobody had gone from {home} to {away} since the {weather} of {year}, but {hero} had {a:thing} to deliver.',
  ],
  body: [
    'They followed the {nameword} as far as {a:mark}, where the path turned to {stone} and the {animals} would not go on.',
    'At {town} they slept in {a:building} on sacks of {grain}, and paid for it with {fare}.',
    'On the {day} day {friend} lost {a:object} in the mud, and they spent the {month} afternoon looking for it under the {flower}.',
    'A {role} with {a:garment} showed them the way past {cape}, and would take nothing but {a:fruit} for it.',
    'It began to rain (softly|hard|again) near {water}, and {hero} put {a:vessel} over the head of the {animal}.',
    'There was {weather} in the hills, and they lit a fire of {fuel} and cooked {dish} in {a:vessel}.',
    '"{friend}," asked {hero}, "why does {who} at {town} paint {his} {building} {colour}?"',
    'In the inn called the {nick} they met {who}, who was carrying {n} {things} to the market of {town}.',
    'The bridge was gone, so they crossed on {a:wood} door, holding {a:tool} between them like {roleplural} on ice.',
    '{friend} sang about {a:mood} {animal} until {hero} begged for silence and handed over {fruits} to chew.',
    'From the top of the {nick} they saw {n} boats on {water}, and smoke above {away}, and far off the {colour} line of the sea.',
    'They shared the last of the {food} with {a:mood} {animal} that had followed them from {town}.',
    'By {time} their boots were full of {stuff}, and the {animals} limped, and nobody spoke of {home}.',
    'Someone had written "{person}, {year}" on the rock with {a:colour} {object}, and under it drawn {a:animal}.',
    'A wheel of the cart broke between {town} and {cape}, and {friend} mended it with {cloth} and {a:tool}.',
  ],
  close: [
    'When they came to {away} at last, {who} took {a:thing} from them without a word and gave them {dish}.',
    'They came home in {season}, thinner and {mood}, with {extra} and a story that nobody in {home} believed.',
    '{hero} never went to {away} again, but {he} kept {a:object} from the road above the {metal} stove.',
    'The gate of {away} was shut, so they sat down beside it, ate {fruits} and waited for {time}.',
  ],
};

const place: Tale = {
  open: [
    '{home} lies (between|near|behind) {cape} and the {nameword}, {count} miles from {away}, where the {stone} gives way to {wood} trees.',
    'Whoever comes to {home} in {season} sees first the {colour} roof of the {building}, and then the {animals} in the street.',
    'There are {count} houses in {home}, most of them built of {stone} and {wood}, and no two doors have the same {colour}.',
    'The oldest map of {home}, drawn by {hero} in {year} on {stuff}, shows {n} streets and one {building}.',
  ],
  body: [
    'In {street} the {guild} have their shops, and the smell of {flavour} and {oil} hangs there until {time}.',
    'On {weekday}s the {roleplural} of {away} come with carts full of {fruits} and go home with {colour} {object}s.',
    'The {building} was built in {year} for {n} {roleplural}, and later used for {things}, and in the end for {animals}.',
    'Behind it {a:size} garden of {herb} and {flower} goes down to {water}, where the {guild} wash their {cloth}.',
    'Children are told that {hero} {deed} in {street}, and that {a:thing} is still buried there.',
    'A clock of {metal} and {wood} hangs on the {building}, but it has shown {time} since the {weather} of {year}.',
    'In {month} the wind brings the sound of {a:instrumentname} from {farm}, and then everyone in {street} shuts the windows.',
    'The water comes from a well that {person} dug, {count} feet deep, and it tastes of {flavour} in {season}.',
    'Nobody may {ban} in {street} until {until}, and the fine is {fare}.',
    'There is one inn, the {nick}, with {n} beds and {a:mood} cook, who makes {dish} with too much {spice}.',
    'When the {nameword} floods, the people carry their {animals} up to the {nick} hill and live there on {food}.',
    'The school has {n} benches of {wood}, {a:stuff} board and a stove that burns {fuel}.',
    'Above the door of {a:building} one can read the words "{mood} {animals} make {mood} {roleplural}", cut in {stone} in {year}.',
    'Each {month} the {guild} choose {who} to carry {a:metal} {object} from {street} to {cape} without {weather} touching it.',
    'At {time} {a:role} walks along {street} with {a:object} and calls out the price of {grain} in {away}.',
  ],
  close: [
    'Those who leave {home} take {a:thing} with them, and most of them come back before {season}.',
    'It is not a rich place, but {friend}, who has seen {away}, says that the {drink} is better here.',
    'And that is all there is to say of {home}, except that the {animals} are {mood} and the {fruits} are late.',
    'In {year} there were plans for a railway from {away}, and {n} {objects} of {stuff} still lie where it should begin.',
  ],
};

const letter: Tale = {
  open: [
    'Dear {friend}, your letter of the {day} of {month} reached me only {when}, wet and smelling of {flavour}.',
    'My dear {friend}, you ask how we live in {home} since the {weather}, and whether the {animals} are well.',
    'Dear {friend}, please send me {n} {things}, {a:thing} and as much {spice} as the carrier will take.',
    '{home}, the {day} of {month} {year}. Dear {friend}, I write this {when} with {a:animal} on my knees.',
  ],
  body: [
    'We have had {n} weeks of {weather}, and the roof of the {building} let in so much water that we kept {animals} on the stairs.',
    'The {fruits} are ripe early this year, and {who} has promised me {a:vessel} to carry them to {away}.',
    'You will laugh when I tell you that {who} came to dinner in {a:garment} and ate nothing but {dish}.',
    'I (sold|lost|mended|painted) {a:thing} on {weekday}, and with the money I bought {cloth} for a new {object}.',
    'My neighbour {habit} every day at {time}, and I have begun to do the same.',
    'Tell your brother that {a:stuff} handle lasts longer than one of {wood}, and that he should rub it with {oil}.',
    'The new teacher, {person}, knows {n} songs about {animals}, and the children sing them {when}.',
    'Do you remember how we crossed {water} in {a:vessel} with {who}, and how {mood} the {animal} was?',
    'There is talk that the {guild} of {away} will buy the {building}, and make {object}s of {stuff} in it.',
    'I send you a little {herb} and some {fruits}, wrapped in {cloth}; the {colour} ones are for {who}.',
    'The {animal} that you gave me has grown {size} and {mood}, and sleeps in {a:objectstate} {object} by the stove.',
    'Last night I dreamt that {hero} stood in {street} with {a:thing} and asked me the way to {town}.',
    'I have read the book about {stuff} that you praised, and found it as dry as {food}.',
    'If {who} should pass through {away}, say that the {n} {objects} are paid for, and that I am still waiting for {a:object}.',
  ],
  close: [
    'Write soon, and keep {a:object} under the pillow against {ailment}. Your {hero}.',
    'The candle is short and the {animals} want their {food}, so I close. With love from {home}, {hero}.',
    'Greet {who} from me, and do not forget the {spice}. Always yours, {hero}.',
    'Come in {season} if the road past {cape} is open. Your old friend {hero}.',
  ],
};

const craft: Tale = {
  open: [
    'To make {a:object} of {stuff} as they do in {home}, begin {when}, when the {metal} is cold and the {animals} are asleep.',
    'This is how {hero} of {home} taught the {guild} to work {stuff} in {year}.',
    'Good {dish} takes patience, {spice} and a pot that has held nothing but {drink} for {n} days.',
    'Whoever wants to mend {a:thing} needs {a:tool}, {n} yards of {cloth} and a quiet room.',
  ],
  body: [
    'First (wash|soak|rub|boil) the {stuff} in {drink} with {n} spoons of {spice}, and leave it until {time}.',
    'Then cut it into {n} pieces, each as long as {a:object}, with a knife of {metal} that was sharpened on {stone}.',
    'Some add {herb} or {flower}, but {hero} used {fruits} and said that {herb#2} brings {ailment}.',
    'Heat {a:vessel} over {fuel} until the {oil} smells of {flavour}, and stir it with a stick of {wood}.',
    'If it turns {colour}, throw it to the {animals} and start again with fresher {stuff}.',
    'Hang it in the {building} for {n} days, out of the {weather}, with {a:colour} cloth under it.',
    'The {guild} of {away} press it between {n} slabs of {stone}, which makes it {size} and {mood}, like {a:animal}.',
    'Do not {ban} while it dries, or it will crack like {a:objectstate} {object}.',
    'A pinch of {spice} keeps the {shade} {colour}, and a drop of {oil} keeps out the damp.',
    'Count to {count} before you lift the lid, and have {a:vessel} of {drink} ready beside you.',
    'It is right when {a:metal} {object} pushed into it comes out clean and {a:animal} will not touch it.',
    'Polish it with {cloth} and {oil}, always in the same direction, as one strokes {a:mood} {animal}.',
    'In {season} the work takes {n} days, in {season#2} twice as long, because the {wood} will not burn.',
    'Keep what is left in {a:vessel} with a lid of {wood}, and write the {weekday} on it in {colour} chalk.',
  ],
  close: [
    'Well made, it lasts {n} years, and in {away} one can get {pricepaid} for it.',
    'Serve it at {time} with {flavour} and {drink}, and say nothing about the {spice}.',
    '{friend} tried it without {spice} in {year}, and the stain is still on the ceiling of the {building}.',
    'And when it breaks, as all things do, it makes good {food} for the {animals}.',
  ],
};

const fable: Tale = {
  open: [
    '{a:mood} {animal} and {a:mood#2} {animal#2} once lived together in {a:building} near {home}.',
    'In the days when {animals} could speak, {a:animal} found {a:thing} on the road to {away}.',
    '{hero}, {a:mood} {role} of {home}, had {a:animal} that could answer any question about {stuff}.',
    'Long ago the king of {home} promised {a:prize} to whoever could tell him why {animals} hate {weather}.',
  ],
  body: [
    '"Give me {a:fruit}," said the {animal}, "and I will show you where {who} hid {a:thing}."',
    'So they went to {street} and knocked {n} times on the {colour} door, but only {a:mood} {animal} looked out.',
    'The {animal} climbed on {a:wood} stump and made a speech about {stuff} until {time}.',
    '"That is no {object}," cried {friend}, "that is the {objectstate} {object} of {who}!"',
    'Every {weekday} it stole {n} {fruits} from {farm}, and every {weekday#2} it brought back {a:object} instead.',
    'Then came the {weather}, and the {animals} asked one another who still had {food}.',
    '"I would rather {ban}," answered the {animal}, "than share my {dish} with {a:animal#2}."',
    'They measured it with {a:tool}, and it was {n} feet long and as {mood} as {a:role} on a {weekday}.',
    'The {role} laughed so loudly that {n} {things} fell from the shelf and woke the {animals}.',
    'An old {animal} with {a:garment} gave them {a:vessel} of {drink} and the following advice.',
    '"Never trust {who}," it said, "nor {a:object} of {stuff}, nor {flavour} in {season}."',
    'At midnight the {object} began to glow {colour}, and all the {animals} of {home} stood round it in {mood} silence.',
    'For {n} days nobody spoke of {stuff} or {fruits}, and the {building} stayed dark.',
    'In its place they put {a:stone} {object}, and told {friend} that it had always been there.',
  ],
  close: [
    'Since then no {animal} in {home} has eaten {dish} on a {weekday}.',
    'That is why {a:animal} still hides when it hears {a:instrumentname} or smells {flavour}.',
    'The {prize} went to {friend}, who sold it for {fare} and was content.',
    'And if the {thing} has not rusted, it hangs in {street} to this day.',
  ],
};

const diary: Tale = {
  open: [
    'From the day book of {hero}, {role} at {home}, {month} {year}.',
    '{hero} kept a diary at {home} in {year}, and these are some of its pages.',
    'The notes that {hero} made at {cape} begin on the {day} of {month} {year}.',
  ],
  body: [
    '{weekday}. {weather} until {time}, then {weather#2}. Mended {a:thing} and gave the {animals} {food}.',
    'The {day} of {month}. Wind from {cape}. {friend} came with {n} {things} and stayed for {dish}.',
    '{weekday}. Saw {n} {animals} on the {building} roof, which means {weather} before {season}.',
    'Sold {n} {objects} of {fruits} to {who}, for {fare}, and was cheated as usual.',
    'The {day}. {a:mood} day. {habit}. Later {habit#2}. Slept badly.',
    '{weekday}. The {guild} came about the {object}. Told them to wait until {until}.',
    '{month}, the {day}. Bought {cloth}, {n} {metal} nails and {a:vessel} in {street}; forgot the {spice}.',
    'No work today because of {eve}. {person} danced in {a:garment} and broke {a:object}.',
    '{weekday}. {friend} is ill with {ailment}; prescribed {herb} in {drink}, {n} drops, {when}.',
    'The {day}. Counted the {animals}: {n}. Counted again {when}: {n#2}. Asked {who}.',
    'Painted the door of the {building} {colour}, and before {time} {a:animal} had leaned on it.',
    '{weekday}. A ship, the {ship}, lies off {cape} with {cargo}. Nobody knows whose it is.',
    'Found the {thing} at last, inside {a:vessel}, under the {fruits}. Said nothing to {friend}.',
    'The {day} of {month}. First {flower} by the {building}. {a:colour} evening. {dish} for supper, with {flavour}.',
  ],
  close: [
    'Here the pages are stuck together with {oil}, and the rest cannot be read.',
    '{weekday}. Ink frozen. Shall go on with {a:colour} pencil when the {animals} are fed.',
    'The book ends with the words "{mood}, but not {mood#2}", and a drawing of {a:animal}.',
  ],
};

/** Every kind of tale, each as likely as the others. */
export const tales: readonly Tale[] = [life, journey, place, letter, craft, fable, diary];
