/** Question-and-answer shapes about the rest of an invented country, so that reading a question is not tied to three subjects. */
import type { QuestionShape } from './corpus-shapes.ts';

/** Rivers, bridges, roads, wells and the like. */
export const countryShapes: readonly QuestionShape[] = [
  [
    'Where does the river {nameword} rise?',
    'The river {nameword} rises under {a:mark} near {town}, and runs {count} miles to the sea at {water}.',
  ],
  [
    'What lives in the river {nameword}?',
    'In the river {nameword} live {shade} {colour} eels and {n} kinds of fish, and {who} feeds them {food} {when}.',
  ],
  [
    'Why does the river {nameword} turn {colour}?',
    'The river {nameword} turns {colour} every {month} because the {guild} of {town} wash their {cloth} in it.',
  ],
  [
    'Who mapped the river {nameword}?',
    '{person} mapped the river {nameword} in {year} from a boat of {stuff}, and counted {count} bends before {town}.',
  ],
  [
    'Who built the bridge at {street}?',
    'The bridge at {street} was built by {person} in {year}, with {n} arches of {stone} and a rail of {metal}.',
  ],
  [
    'What is the toll on the bridge at {street}?',
    'The toll on the bridge at {street} is {fare}, but {roleplural} with {a:object} may cross without paying.',
  ],
  [
    'Why did the bridge at {street} fall?',
    'The bridge at {street} fell in {month} {year} under {n} carts of {stuff}, and {who} rebuilt it of {wood}.',
  ],
  [
    'Where does the road called {nick} lead?',
    'The road called {nick} leads from {town} to {town#2} in {n} days, past {a:mark} and the stone of {spot}.',
  ],
  [
    'Who keeps the road called {nick} in order?',
    'The road called {nick} is kept in order by {person}, who fills its holes with {stuff} every {month}.',
  ],
  [
    'What can travellers buy along the road called {nick}?',
    'Along the road called {nick} travellers can buy {dish} and {drink} from {a:building} kept by {person}.',
  ],
  [
    'How deep is the well of {farm}?',
    'The well of {farm} is {count} feet deep, was dug by {person} in {year}, and tastes of {flavour}.',
  ],
  [
    'What fell into the well of {farm}?',
    'Into the well of {farm} fell {a:thing}, {n} {things} and, in {year}, {a:mood} {animal}.',
  ],
  [
    'Who may draw from the well of {farm}?',
    'Only {roleplural} and {person} may draw from the well of {farm}, and never before {time}.',
  ],
  [
    'What is the hill above {town} called?',
    'The hill above {town} is called the {nick}, because {who} lost {a:thing} on it in {year}.',
  ],
  [
    'What grows on the hill above {town}?',
    'On the hill above {town} grow {flower}, {herb} and {n} old {wood} trees, planted by {person}.',
  ],
  [
    'What is found in the cave at {cape}?',
    'In the cave at {cape} there are {n} {things}, a bed of {stuff} and the name of {person} on the wall.',
  ],
  ['Who lives on {cape}?', 'On {cape} lives {person} with {n} {animals}, {a:thing} and a garden of {herb}.'],
  [
    'What is the lake called {nick} known for?',
    'The lake called {nick} is known for its {shade} {colour} ice and for the {size} {animals} of {town}.',
  ],
  [
    'When does the ferry of {water} cross?',
    'The ferry of {water} crosses {when}, carries {n} {animals} at most, and is rowed by {person}.',
  ],
  [
    'What stands in the square of {town}?',
    'In the square of {town} stands {a:stone} statue of {person}, who holds {a:object} and {a:object#2}.',
  ],
  [
    'How did {town} get its name?',
    '{town} got its name from {person}, who came there in {year} with {n} {animals} and {a:thing}.',
  ],
  [
    'What is {town} famous for?',
    '{town} is famous for its {dish}, its {colour} {cloth} and the {weekday} market by the {building}.',
  ],
  [
    'What burned down in {town}?',
    'In {month} {year} the {building} of {town} burned down, and only {a:thing} and {n} {objects} were saved.',
  ],
  [
    'Who founded the school at {street}?',
    'The school at {street} was founded in {year} by {person}, who taught {n} children to mend {object}s.',
  ],
  [
    'What do children learn at the school at {street}?',
    'At the school at {street} children learn to count {fruits}, to read {a:object} and to sew {cloth}.',
  ],
  [
    'What is sold at the market of {street}?',
    'At the market of {street} they sell {fruits}, {dish} and {colour} {object}s, every {weekday} until {time}.',
  ],
  [
    'Who rules the market of {street}?',
    'The market of {street} is ruled by {person}, who carries {a:metal} {object} and settles quarrels {when}.',
  ],
  [
    'What can be read in the library of {town}?',
    'In the library of {town} one can read {count} books on {stuff}, and a letter that {person} wrote in {year}.',
  ],
  [
    'What is the inn called {nick} like?',
    'The inn called {nick} has {n} beds of {wood}, serves {dish} with {drink}, and belongs to {person}.',
  ],
  [
    'What does a night at the inn called {nick} cost?',
    'A night at the inn called {nick} costs {fare}, and {a:size} {animal} sleeps free in the {building}.',
  ],
  [
    'Who haunts the inn called {nick}?',
    'The inn called {nick} is haunted by {who}, who walks {when} and asks every guest for {dish}.',
  ],
  [
    'When does the mill of {farm} turn?',
    'The mill of {farm} turns {when}, grinds {grain} for {town}, and is greased with {oil}.',
  ],
  [
    'Who broke the mill of {farm}?',
    'The mill of {farm} was broken in {year} by {who}, who ground {n} {object}s with the {grain}.',
  ],
  [
    'What is the garden of {farm} planted with?',
    'The garden of {farm} is planted with {flower}, {herb} and {n} rows of {fruits} by {person}.',
  ],
  [
    'What stands at the end of the garden of {farm}?',
    'At the end of the garden of {farm} stands {a:rough} {wood} tree that {person} brought from {town} in {year}.',
  ],
];

/** Ships, songs, recipes, birds, games, people and their trades. */
export const peopleShapes: readonly QuestionShape[] = [
  [
    'Who built the ship {ship}?',
    'The ship {ship} was built at {water} in {year} by {person}, out of {wood} and {count} {metal} nails.',
  ],
  [
    'What does the ship {ship} carry?',
    'The ship {ship} carries {cargo} from {town} to {town#2}, and {a:mood} {animal} as her guard.',
  ],
  [
    'Who is the captain of the ship {ship}?',
    'The captain of the ship {ship} is {person}, who wears {a:garment} and steers by {a:mark}.',
  ],
  [
    'How many sailors does the ship {ship} need?',
    'The ship {ship} needs {n} sailors, a cook from {town} and {who} to mend her {colour} sails.',
  ],
  [
    'Who wrote the song called {nick}?',
    'The song called {nick} was written by {person} in {year} for {roleplural} who work {when}.',
  ],
  [
    'What is the song called {nick} about?',
    'The song called {nick} is about {a:mood} {animal} that {deed} and came home to {town}.',
  ],
  [
    'When is the song called {nick} sung?',
    'The song called {nick} is sung on {eve}, with {n} drums and {a:instrumentname} of {stuff}.',
  ],
  [
    'How is {nick} pie made?',
    '{nick} pie is made of {fruits}, {spice} and {n} eggs, and is baked until {time} in {a:metal} dish.',
  ],
  [
    'What goes into {nick} soup?',
    'Into {nick} soup go {fruits}, {herb} and {n} spoons of {spice}, as {person} wrote in {year}.',
  ],
  [
    'Who invented {nick} cake?',
    '{nick} cake was invented by {person} of {town}, who had only {spice}, {grain} flour and {drink} in the house.',
  ],
  [
    'When is {nick} bread eaten?',
    '{nick} bread is eaten on {eve} with {flavour} and a cup of {drink}, and the crust goes to the {animals}.',
  ],
  [
    'What does the {nickbird} eat?',
    'The {nickbird} eats {food} and {fruits}, and hides {n} seeds under {stuff} before {season}.',
  ],
  [
    'Where does the {nickbird} nest?',
    'The {nickbird} nests in the {building} of {town}, in {a:objectstate} {object} lined with {stuff}.',
  ],
  [
    'What does the {nickbird} look like?',
    'The {nickbird} has {a:colour} breast, {shade} {colour#2} wings and a tail like {a:object}.',
  ],
  [
    'When does the {nickbird} sing?',
    'The {nickbird} sings {when}, {n} notes at a time, and stops when it hears {a:object}.',
  ],
  [
    'How is the game of {nick} played?',
    'The game of {nick} is played with {n} {object}s on a board of {stuff}, and the loser must {ban}.',
  ],
  [
    'Who plays the game of {nick} best?',
    'The game of {nick} is played best by {person} of {town}, who won {a:prize} with it in {year}.',
  ],
  [
    'What trade did {person} learn?',
    '{person} learnt to make {object}s of {stuff} in {town}, from {who}, and sold them {when}.',
  ],
  [
    'Where was {person} born?',
    '{person} was born in {month} {year} in {a:building} at {town}, while {who} played {a:instrumentname}.',
  ],
  [
    'What did {person} carry on the long walk?',
    'On the long walk {person} carried {a:thing}, {n} {fruits} and a bottle of {drink}.',
  ],
  [
    'Why was {person} sent to prison?',
    '{person} was sent to prison in {year} for selling {things} as {stuff} to {who}.',
  ],
  [
    'What did {person} find under the floor?',
    'Under the floor {person} found {a:thing}, {n} {things} and a map of {town} drawn in {colour} ink.',
  ],
  [
    'Whom did {person} marry?',
    '{person} married {person#2} of {town} in {year}, and the guests brought {dish} and {n} {animals}.',
  ],
  [
    'What did {person} teach the children?',
    '{person} taught the children to carve {wood}, to cook {dish} and to count in {n} languages.',
  ],
  [
    'How did {person} lose the race?',
    '{person} lost the race at {town} in {year} because {a:mood} {animal} stole {a:garment}.',
  ],
  [
    'What is the horse called {nick} afraid of?',
    'The horse called {nick} is afraid of {stuff}, {mood} {animals} and anyone who wears {a:garment}.',
  ],
  [
    'Who rides the horse called {nick}?',
    'The horse called {nick} is ridden by {person} from {town} to {town#2} {when}, with a saddle of {cloth}.',
  ],
  [
    'What was the price of the horse called {nick}?',
    'The price of the horse called {nick} was {pricepaid}, {extra} and a promise to {person}.',
  ],
  [
    'What is the quilt called {nick} sewn from?',
    'The quilt called {nick} is sewn from {count} pieces of {cloth} and filled with {stuff}, in memory of {who}.',
  ],
  [
    'Where does the quilt called {nick} hang?',
    'The quilt called {nick} hangs in the {building} of {town}, next to {a:thing} that {person} left there.',
  ],
  [
    'How high did the kite called {nick} fly?',
    'The kite called {nick} flew {count} yards high over {water} in {year}, on {a:cloth} string held by {person}.',
  ],
  [
    'What is the statue called {nick} carved from?',
    'The statue called {nick} was carved from {rough} {stone} by {person}, and it holds {a:thing} and {a:object#2}.',
  ],
  [
    'What does the guild of {guild} at {town} forbid?',
    'The guild of {guild} at {town} forbids its members to {ban} until {until}.',
  ],
  [
    'Who leads the guild of {guild} at {town}?',
    'The guild of {guild} at {town} has been led since {year} by {person}, who carries {a:metal} {object}.',
  ],
  [
    'What does the {nick} rose smell of?',
    'The {nick} rose smells of {flavour}, opens in {month}, and is {shade} {colour} with {skin}.',
  ],
  [
    'Who grows the {nick} rose?',
    'The {nick} rose is grown by {person} at {farm}, in pots of {stuff} that stand {n} feet apart.',
  ],
  [
    'What does the map of {water} show?',
    'The map of {water}, drawn by {person} in {year} on {stuff}, shows {n} rocks and {a:mark}.',
  ],
  [
    'What is the coin called {nick} made of?',
    'The coin called {nick} is made of {metal}, shows {a:animal} with {a:object}, and buys {n} {fruits}.',
  ],
  [
    'When did the circus of {person} come to {town}?',
    'The circus of {person} came to {town} in {month} {year} with {n} {beast} and {a:thing}.',
  ],
  [
    'What does the weather book of {town} say of {year}?',
    'For {year} the weather book of {town} tells of {n} weeks of {weather} and of {weather#2} on the {day} of {month}.',
  ],
  [
    'What was lost on the way to {town}?',
    'On the way to {town} {person} lost {a:thing} and {n} {things}, which {who} found in {year}.',
  ],
  [
    'Why do the people of {town} keep {animals}?',
    'The people of {town} keep {animals} because {person} was warned by one of them of the {weather} of {year}.',
  ],
];
