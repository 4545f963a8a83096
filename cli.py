from ganedit.__main__ import main

if __name__ == "__main__":  # processes for several devices import this file
    main()
