from ganedit.app.commands import main

main()
